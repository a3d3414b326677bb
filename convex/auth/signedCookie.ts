// better-auth's signed cookies, read without better-auth: `<value>.<HMAC-SHA-256 of it in base64>`, percent-encoded.

/** 32 bytes in base64, with their padding. */
const SIGNATURE_LENGTH = 44;

let imported: { secret: string; key: Promise<CryptoKey> } | undefined;

/**
 * The value that a signed cookie holds, or null when it was not signed with this secret. `raw` is the cookie as
 * the request carries it, or what it decodes to.
 */
export async function readSignedCookie(raw: string, secret: string): Promise<string | null> {
  const text = decode(raw);
  const dot = text.lastIndexOf(".");
  if (dot < 1) return null;
  const [value, signature] = [text.slice(0, dot), text.slice(dot + 1)];
  if (signature.length !== SIGNATURE_LENGTH || !signature.endsWith("=")) return null;
  const bytes = fromBase64(signature);
  if (bytes === null) return null;
  // Compares in constant time.
  const signed = await crypto.subtle.verify("HMAC", await importSecret(secret), bytes, new TextEncoder().encode(value));
  return signed ? value : null;
}

function decode(raw: string): string {
  const text = raw.startsWith('"') ? raw.slice(1, -1) : raw;
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: not ours, so no signature will fit it
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Importing costs as much as verifying, and the secret stays the same for as long as the process runs. */
async function importSecret(secret: string): Promise<CryptoKey> {
  if (imported?.secret !== secret) {
    const bytes = new TextEncoder().encode(secret);
    imported = {
      secret,
      key: crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]),
    };
  }
  return await imported.key;
}
