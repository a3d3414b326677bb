const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const PART_BYTES = 32;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** A P-256 public key from its PEM text. Throws when it is none. */
export async function toPublicKey(pem: string): Promise<CryptoKey> {
  const der = fromBase64(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""));
  return await crypto.subtle.importKey("spki", der, ALGORITHM, false, ["verify"]);
}

/** Whether this is the key's signature of the text: ECDSA with SHA-256, DER in base64, as OpenSSL writes it. */
export async function isSignedBy(key: CryptoKey, signature: string, text: string): Promise<boolean> {
  const raw = toRaw(signature);
  if (raw === null) return false;
  return await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, new TextEncoder().encode(text));
}

/** The two numbers of a DER signature side by side, which is how Web Crypto wants them (RFC 3279 §2.2.3); null when it is none. */
function toRaw(base64: string): Uint8Array<ArrayBuffer> | null {
  let der: Uint8Array<ArrayBuffer>;
  try {
    der = fromBase64(base64);
  } catch {
    return null;
  }
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return null;
  const first = readInteger(der, 2);
  const second = first === null ? null : readInteger(der, first.next);
  if (first === null || second === null || second.next !== der.length) return null;
  const raw = new Uint8Array(2 * PART_BYTES);
  raw.set(first.digits, PART_BYTES - first.digits.length);
  raw.set(second.digits, 2 * PART_BYTES - second.digits.length);
  return raw;
}

/** A positive integer without its leading zeros, and where the next thing begins. */
function readInteger(der: Uint8Array, at: number): { digits: Uint8Array; next: number } | null {
  const length = der[at + 1] ?? 0;
  const next = at + 2 + length;
  if (der[at] !== INTEGER || length === 0 || next > der.length) return null;
  let start = at + 2;
  while (start < next && der[start] === 0) start += 1;
  const digits = der.subarray(start, next);
  return digits.length > PART_BYTES ? null : { digits, next };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.codePointAt(0) ?? 0);
}
