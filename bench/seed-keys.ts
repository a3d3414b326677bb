import { createHash, randomBytes } from "node:crypto";

/** The hash that every server under test stores: base64url of SHA-256, the plugin's own format. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}

/** Random keys of a given prefix, as the better-auth plugin makes them: letters only, 64 of them. */
export function randomKeys(count: number, prefix: string): string[] {
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl";
  return Array.from({ length: count }, () => {
    let key = prefix;
    for (const byte of randomBytes(64)) key += letters[byte & 63];
    return key;
  });
}

/** Every n-th of the keys, so that a run touches keys from all over the table. */
export function sampleOf(keys: readonly string[], count: number): string[] {
  const step = Math.max(1, Math.floor(keys.length / count));
  return keys.filter((_key, index) => index % step === 0).slice(0, count);
}
