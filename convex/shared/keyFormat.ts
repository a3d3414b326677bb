/**
 * The shape of a key: `<prefix>_<env>_<id>_<secret><crc>`, for example `lk_live_4fQ2x9LmZa_…`. Only
 * underscores separate, so a double click selects all of it. The id is random and public; the secret holds
 * 256 bits; the checksum lets a gateway or a scanner refuse a mistyped or foreign string without any lookup.
 */

export const KEY_ENVS = ["live", "test"] as const;
export type KeyEnv = (typeof KEY_ENVS)[number];

export const DEFAULT_PREFIX = "lk";
export const PREFIX_PATTERN = /^[a-z0-9]{2,16}$/;

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 10;
// 43 characters of 62 are the fewest that hold 256 bits.
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
// The largest multiple of 62 below 256: bytes at or above it would favour the alphabet's first letters.
const UNBIASED_BYTE_LIMIT = 248;

/** The source of a regular expression that finds keys in text; published so that secret scanners can use it. */
export const KEY_PATTERN_SOURCE = `[a-z0-9]{2,16}_(?:live|test)_[0-9A-Za-z]{${ID_LENGTH}}_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}`;

const KEY_PATTERN = new RegExp(`^${KEY_PATTERN_SOURCE}$`);
const CRC_TABLE = buildCrcTable();

export type ParsedKey = {
  prefix: string;
  env: KeyEnv;
  /** The random public id inside the key. */
  keyIdText: string;
  /** What may be shown of it: prefix, env and id. */
  start: string;
  last4: string;
};

export type GeneratedKey = ParsedKey & { key: string };

/** A fresh public id for a key; it stays the same through every rotation. */
export function generateKeyIdText(): string {
  return randomText(ID_LENGTH);
}

/** A fresh key. `keyIdText` is given when rotating, so that the new secret keeps the key's public id. */
export function generateKey(parts: { prefix: string; env: KeyEnv; keyIdText?: string }): GeneratedKey {
  const keyIdText = parts.keyIdText ?? generateKeyIdText();
  const start = `${parts.prefix}_${parts.env}_${keyIdText}`;
  const body = `${start}_${randomText(SECRET_LENGTH)}`;
  const key = body + checksum(body);
  return { key, prefix: parts.prefix, env: parts.env, keyIdText, start, last4: key.slice(-4) };
}

/** Whether this has a key's shape and the checksum of its own text. No hash, no lookup. */
export function isKeyText(text: string): boolean {
  return KEY_PATTERN.test(text) && text.endsWith(checksum(text.slice(0, -CHECKSUM_LENGTH)));
}

/** Reads a key's public parts, or null when its shape or its checksum is wrong. */
export function parseKey(text: string): ParsedKey | null {
  if (!isKeyText(text)) return null;
  const [prefix, env, keyIdText] = text.split("_");
  if (prefix === undefined || keyIdText === undefined || (env !== "live" && env !== "test")) return null;
  return { prefix, env, keyIdText, start: `${prefix}_${env}_${keyIdText}`, last4: text.slice(-4) };
}

/** How a key is shown everywhere once its one reveal is over: `lk_live_4fQ2x9LmZa_…c0de`. */
export function maskedKey(key: { start: string; last4: string }): string {
  return `${key.start}_…${key.last4}`;
}

/** CRC-32 of ASCII text as six base62 characters. */
export function checksum(text: string): string {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ text.charCodeAt(index)) & 0xff] ?? 0);
  }
  let rest = (crc ^ 0xffffffff) >>> 0;
  let encoded = "";
  for (let digit = 0; digit < CHECKSUM_LENGTH; digit++) {
    encoded = ALPHABET.charAt(rest % 62) + encoded;
    rest = Math.floor(rest / 62);
  }
  return encoded;
}

/** Random letters and digits, each equally likely. */
export function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      if (byte < UNBIASED_BYTE_LIMIT && text.length < length) text += ALPHABET.charAt(byte % 62);
    }
  }
  return text;
}

function buildCrcTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    table[byte] = value;
  }
  return table;
}
