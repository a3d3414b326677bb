import { defaultKeyHasher } from "@better-auth/api-key";
import { describe, expect, test } from "vitest";
import { KEY_PATTERN_SOURCE, checksum, generateKey, maskedKey, parseKey } from "../../../convex/shared/keyFormat.ts";
import { sha256Base64Url } from "../../../convex/shared/sha256.ts";

describe("the key format", () => {
  test("a key is prefix, environment, public id, secret and checksum, and reads back", () => {
    const generated = generateKey({ prefix: "lk", env: "live" });
    expect(generated.key).toMatch(/^lk_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}$/);
    const { key, ...parts } = generated;
    expect(parseKey(key)).toEqual(parts);
    expect(maskedKey(generated)).toBe(`lk_live_${generated.keyIdText}_…${key.slice(-4)}`);
  });

  test("E1: a double click selects all of a key, of which at least 190 bits are random", () => {
    const { key } = generateKey({ prefix: "acme2", env: "test" });
    expect(key.match(/\w+/g)).toEqual([key]);
    const secret = key.split("_").at(-1)?.slice(0, -6) ?? "";
    expect(secret.length * Math.log2(62)).toBeGreaterThan(190);
  });

  test("T2: what is shown of a key ends its prefix, and tells any two keys apart", () => {
    const shown = Array.from({ length: 200 }, () => generateKey({ prefix: "lk", env: "live" }).start);
    expect(new Set(shown).size).toBe(shown.length);
    for (const start of shown) expect(start).toMatch(/^lk_live_\w{4,}$/);
  });

  test("a given id is kept, everything else is new", () => {
    const first = generateKey({ prefix: "acme", env: "test" });
    const second = generateKey({ prefix: "acme", env: "test", keyIdText: first.keyIdText });
    expect(second.start).toBe(first.start);
    expect(second.key).not.toBe(first.key);
  });

  test("E2: any single changed character is noticed", () => {
    const { key } = generateKey({ prefix: "lk", env: "live" });
    for (let index = 0; index < key.length; index += 1) {
      const other = key[index] === "a" ? "b" : "a";
      expect(parseKey(key.slice(0, index) + other + key.slice(index + 1)), `at ${index}`).toBeNull();
    }
  });

  test.each(["", "lk", "lk_live_", " lk_live_x", "x".repeat(1000), "lk_prod_0123456789_", "ключ"])(
    "E2: %j is no key",
    (text) => {
      expect(parseKey(text)).toBeNull();
    },
  );

  test("E2: surrounding space, a missing or an added character make it none", () => {
    const { key } = generateKey({ prefix: "lk", env: "live" });
    for (const text of [` ${key}`, `${key}\n`, key.slice(1), key.slice(0, -1), `${key}0`, key.toUpperCase()]) {
      expect(parseKey(text)).toBeNull();
    }
  });

  test("E2: the checksum is CRC-32, as six base62 characters", () => {
    // The check value of CRC-32 is 0xcbf43926 for "123456789".
    const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const value = checksum("123456789")
      .split("")
      .reduce((sum, digit) => sum * 62 + alphabet.indexOf(digit), 0);
    expect(value).toBe(0xcbf43926);
  });

  test("E1: characters of the secret are evenly spread", () => {
    const counts = new Map<string, number>();
    for (let made = 0; made < 2_000; made += 1) {
      const secret = generateKey({ prefix: "lk", env: "live" }).key.split("_")[3]?.slice(0, 43) ?? "";
      for (const character of secret) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    const expected = (2_000 * 43) / 62;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 61 degrees of freedom: above 130 happens once in a million runs. A modulo bias of 256 over 62 gives thousands.
    expect(chiSquare).toBeLessThan(130);
  });

  test("E3 C1: the hash is the one that the plugin stores", async () => {
    const { key } = generateKey({ prefix: "lk", env: "live" });
    expect(sha256Base64Url(key)).toBe(await defaultKeyHasher(key));
    expect(sha256Base64Url("")).toBe("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
  });

  test("the published expression finds a key in text, once", () => {
    const { key } = generateKey({ prefix: "acme9", env: "test" });
    const found = `export KEY="${key}"; # do not`.match(new RegExp(KEY_PATTERN_SOURCE, "g"));
    expect(found).toEqual([key]);
  });
});
