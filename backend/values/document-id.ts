import { randomFillSync } from "node:crypto";

/** Crockford's base32 alphabet in lower case: no i, l, o, u. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_BYTES = 16;
const CHECKSUM_BYTES = 2;
const MAX_TABLE_NUMBER = 0xffff_ffff;

const DIGIT_VALUES = new Map(Array.from(ALPHABET, (digit, value) => [digit, value]));

/** What a document id says: the number of its table, unique over all mounts, and the 16 bytes that make it unique. */
export interface DecodedId {
  readonly tableNumber: number;
  readonly random: Uint8Array;
}

/** A fresh id in the given table (0 to 2^32 - 1): about 32 lower-case base32 characters. */
export function createId(tableNumber: number): string {
  return encodeId(tableNumber, nextRandomBytes());
}

/** Writes an id: the table number as a varint, 16 bytes, and a checksum over both. Throws RangeError on bad input. */
export function encodeId(tableNumber: number, random: Uint8Array): string {
  if (!Number.isInteger(tableNumber) || tableNumber < 0 || tableNumber > MAX_TABLE_NUMBER) {
    throw new RangeError(`Table number ${tableNumber} is not an unsigned 32-bit integer.`);
  }
  if (random.length !== RANDOM_BYTES) throw new RangeError(`An id needs ${RANDOM_BYTES} random bytes.`);
  const bytes: number[] = [];
  let rest = tableNumber;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest, ...random);
  const checksum = fletcher16(bytes);
  bytes.push(checksum >> 8, checksum & 0xff);
  return toBase32(bytes);
}

/** Reads an id; null for any text that {@link encodeId} would not have written. */
export function decodeId(id: string): DecodedId | null {
  // One to five bytes of varint, so nothing else needs decoding at all.
  if (id.length < 31 || id.length > 37) return null;
  const bytes = fromBase32(id);
  if (!bytes) return null;
  const body = bytes.slice(0, -CHECKSUM_BYTES);
  const checksum = ((bytes.at(-2) ?? 0) << 8) | (bytes.at(-1) ?? 0);
  if (fletcher16(body) !== checksum) return null;

  const varintLength = body.length - RANDOM_BYTES;
  let tableNumber = 0;
  for (let i = 0; i < varintLength; i += 1) {
    const byte = body[i] ?? 0;
    const isLast = i === varintLength - 1;
    if (byte < 0x80 !== isLast) return null;
    // A leading zero group would be a second spelling of the same number.
    if (isLast && byte === 0 && i > 0) return null;
    tableNumber += (byte & 0x7f) * 0x80 ** i;
  }
  if (varintLength < 1 || tableNumber > MAX_TABLE_NUMBER) return null;
  return { tableNumber, random: Uint8Array.from(body.slice(varintLength)) };
}

const pool = new Uint8Array(RANDOM_BYTES * 256);
let poolOffset = pool.length;

/** Asking the system for 16 bytes at a time costs more than the rest of an insert. */
function nextRandomBytes(): Uint8Array {
  if (poolOffset === pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  const bytes = pool.subarray(poolOffset, poolOffset + RANDOM_BYTES);
  poolOffset += RANDOM_BYTES;
  return bytes;
}

function fletcher16(bytes: readonly number[]): number {
  let sum = 0;
  let sumOfSums = 0;
  for (const byte of bytes) {
    sum = (sum + byte) % 255;
    sumOfSums = (sumOfSums + sum) % 255;
  }
  return (sumOfSums << 8) | sum;
}

function toBase32(bytes: readonly number[]): string {
  let text = "";
  let bits = 0;
  let buffered = 0;
  for (const byte of bytes) {
    buffered = (buffered << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((buffered >> bits) & 0x1f);
    }
    buffered &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((buffered << (5 - bits)) & 0x1f) : text;
}

function fromBase32(text: string): number[] | null {
  const bytes: number[] = [];
  let bits = 0;
  let buffered = 0;
  for (const digit of text) {
    const value = DIGIT_VALUES.get(digit);
    if (value === undefined) return null;
    buffered = (buffered << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffered >> bits) & 0xff);
      buffered &= (1 << bits) - 1;
    }
  }
  // Padding must be short and zero, or two texts would decode to the same id.
  return bits < 5 && buffered === 0 ? bytes : null;
}
