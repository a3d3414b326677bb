import { randomFillSync } from "node:crypto";

/** Crockford's base32 alphabet in lower case: no i, l, o, u. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const UNIQUE_BYTES = 16;
const TIME_BYTES = 6;
const CHECKSUM_BYTES = 2;
const MAX_TABLE_NUMBER = 0xffff_ffff;

const VARINT_BYTES = 5;
const MIN_LENGTH = 31;
const MAX_LENGTH = 37;

// Ids are read and written for every field that holds one, so this works on bytes in place: nothing here awaits.
const bytes = new Uint8Array(VARINT_BYTES + UNIQUE_BYTES + CHECKSUM_BYTES);
const NO_DIGIT = 255;
const DIGIT_VALUES = new Uint8Array(128).fill(NO_DIGIT);
for (const [value, digit] of Array.from(ALPHABET).entries()) DIGIT_VALUES[digit.charCodeAt(0)] = value;

/** What a document id says: the number of its table, unique over all mounts, and the 16 bytes that make it unique. */
export interface DecodedId {
  readonly tableNumber: number;
  readonly unique: Uint8Array;
}

/**
 * A fresh id in the given table (0 to 2^32 - 1): about 32 lower-case base32 characters. Its 16 bytes are the time, 48 bits
 * of milliseconds, and 80 random bits, so that new documents sort behind older ones. What is written together then lies
 * together on the disk, in every index that begins with an id; at random places each of them costs a page of its own.
 */
export function createId(tableNumber: number): string {
  const unique = nextRandomBytes();
  writeTime(unique, Date.now());
  return encodeId(tableNumber, unique);
}

/** Writes an id: the table number as a varint, 16 bytes, and a checksum over both. Throws RangeError on bad input. */
export function encodeId(tableNumber: number, unique: Uint8Array): string {
  if (!Number.isInteger(tableNumber) || tableNumber < 0 || tableNumber > MAX_TABLE_NUMBER) {
    throw new RangeError(`Table number ${tableNumber} is not an unsigned 32-bit integer.`);
  }
  if (unique.length !== UNIQUE_BYTES) throw new RangeError(`An id needs ${UNIQUE_BYTES} bytes beside its table.`);
  let length = 0;
  let rest = tableNumber;
  while (rest >= 0x80) {
    bytes[length++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[length++] = rest;
  bytes.set(unique, length);
  length += UNIQUE_BYTES;
  const checksum = fletcher16(length);
  bytes[length++] = checksum >> 8;
  bytes[length++] = checksum & 0xff;
  return toBase32(length);
}

/** Reads an id; null for any text that {@link encodeId} would not have written. */
export function decodeId(id: string): DecodedId | null {
  // One to five bytes of varint, so nothing else needs decoding at all.
  if (id.length < MIN_LENGTH || id.length > MAX_LENGTH) return null;
  const length = fromBase32(id) - CHECKSUM_BYTES;
  const varintLength = length - UNIQUE_BYTES;
  if (varintLength < 1 || fletcher16(length) !== ((byteAt(length) << 8) | byteAt(length + 1))) return null;

  let tableNumber = 0;
  for (let i = 0; i < varintLength; i += 1) {
    const byte = byteAt(i);
    const isLast = i === varintLength - 1;
    if (byte < 0x80 !== isLast) return null;
    // A leading zero group would be a second spelling of the same number.
    if (isLast && byte === 0 && i > 0) return null;
    tableNumber += (byte & 0x7f) * 0x80 ** i;
  }
  if (tableNumber > MAX_TABLE_NUMBER) return null;
  return { tableNumber, unique: bytes.slice(varintLength, length) };
}

const pool = new Uint8Array(UNIQUE_BYTES * 256);
let poolOffset = pool.length;

/** Asking the system for 16 bytes at a time costs more than the rest of an insert. */
function nextRandomBytes(): Uint8Array {
  if (poolOffset === pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  const random = pool.subarray(poolOffset, poolOffset + UNIQUE_BYTES);
  poolOffset += UNIQUE_BYTES;
  return random;
}

/** Big-endian, so that the bytes sort as the times do. */
function writeTime(target: Uint8Array, ms: number): void {
  let rest = ms;
  for (let i = TIME_BYTES - 1; i >= 0; i -= 1) {
    target[i] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
}

/** Of the first so many bytes. */
function fletcher16(length: number): number {
  let sum = 0;
  let sumOfSums = 0;
  for (let i = 0; i < length; i += 1) {
    sum = (sum + byteAt(i)) % 255;
    sumOfSums = (sumOfSums + sum) % 255;
  }
  return (sumOfSums << 8) | sum;
}

/** The text of the first so many bytes. */
function toBase32(length: number): string {
  let text = "";
  let bits = 0;
  let buffered = 0;
  for (let i = 0; i < length; i += 1) {
    buffered = (buffered << 8) | byteAt(i);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((buffered >> bits) & 0x1f);
    }
    buffered &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((buffered << (5 - bits)) & 0x1f) : text;
}

/** Fills the bytes and answers how many there are; 0 for any text that {@link toBase32} would not have written. */
function fromBase32(text: string): number {
  let length = 0;
  let bits = 0;
  let buffered = 0;
  for (let i = 0; i < text.length; i += 1) {
    const value = DIGIT_VALUES[text.charCodeAt(i)] ?? NO_DIGIT;
    if (value === NO_DIGIT) return 0;
    buffered = (buffered << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (buffered >> bits) & 0xff;
      buffered &= (1 << bits) - 1;
    }
  }
  // Padding must be short and zero, or two texts would decode to the same id.
  return bits < 5 && buffered === 0 ? length : 0;
}

function byteAt(index: number): number {
  return bytes[index] ?? 0;
}
