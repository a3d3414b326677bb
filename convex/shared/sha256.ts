// SHA-256 (FIPS 180-4) for short text, in one synchronous call. `crypto.subtle.digest` costs a promise and a
// trip to a thread pool, 14 µs against 1 µs here, and every verification hashes one or two keys. In a mutation the
// trip would also let others in between, and they would write the same head of the audit chain. The installed @noble/hashes is
// synchronous, too, but takes and gives bytes: with the text turned into them and back it takes two to three times as long.

const ROUNDS = 64;
const BLOCK_BYTES = 64;
const ALPHABET = Uint8Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", (character) =>
  character.charCodeAt(0),
);

const primes = firstPrimes(ROUNDS);
const roundConstants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const initialState = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

// Scratch memory: nothing here awaits, so one call never sees another's.
const schedule = new Int32Array(ROUNDS);
const state = new Int32Array(8);
const codes: number[] = [];

/**
 * The SHA-256 of ASCII text in base64url without padding: 43 characters, the form in which credentials are
 * stored. Throws a RangeError for any other character; a key has none, and its shape is checked before this.
 */
export function sha256Base64Url(text: string): string {
  const blocks = Math.ceil((text.length + 9) / BLOCK_BYTES);
  state.set(initialState);
  for (let block = 0; block < blocks; block += 1) {
    loadBlock(text, block * BLOCK_BYTES);
    // The message's length in bits ends the last block.
    if (block === blocks - 1) schedule[15] = text.length << 3;
    compress();
  }
  return toBase64Url(state);
}

/** The SHA-256 of any text's UTF-8 bytes in lower-case hexadecimal: 64 characters, as `sha256sum` prints it. */
export function sha256Hex(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const blocks = Math.ceil((bytes.length + 9) / BLOCK_BYTES);
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const words = new DataView(padded.buffer);
  words.setUint32(padded.length - 4, bytes.length << 3);
  state.set(initialState);
  for (let offset = 0; offset < padded.length; offset += BLOCK_BYTES) {
    for (let word = 0; word < 16; word += 1) schedule[word] = words.getInt32(offset + word * 4);
    compress();
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Puts the 64 bytes from `offset`, big-endian, into the schedule: text, then a 0x80, then zeros. */
function loadBlock(text: string, offset: number): void {
  for (let word = 0; word < 16; word += 1) {
    const at = offset + word * 4;
    schedule[word] =
      (byteAt(text, at) << 24) | (byteAt(text, at + 1) << 16) | (byteAt(text, at + 2) << 8) | byteAt(text, at + 3);
  }
}

function byteAt(text: string, index: number): number {
  if (index >= text.length) return index === text.length ? 0x80 : 0;
  const code = text.charCodeAt(index);
  if (code > 0x7f) throw new RangeError("sha256Base64Url takes ASCII text only");
  return code;
}

function compress(): void {
  for (let index = 16; index < ROUNDS; index += 1) {
    const early = schedule[index - 15] ?? 0;
    const late = schedule[index - 2] ?? 0;
    const mixEarly = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const mixLate = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    schedule[index] = ((schedule[index - 16] ?? 0) + mixEarly + (schedule[index - 7] ?? 0) + mixLate) | 0;
  }

  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let index = 0; index < ROUNDS; index += 1) {
    const choice = (e & f) ^ (~e & g);
    const mixE = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const step = (h + mixE + choice + (roundConstants[index] ?? 0) + (schedule[index] ?? 0)) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const mixA = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    h = g;
    g = f;
    f = e;
    e = (d + step) | 0;
    d = c;
    c = b;
    b = a;
    a = (step + mixA + majority) | 0;
  }
  add(0, a);
  add(1, b);
  add(2, c);
  add(3, d);
  add(4, e);
  add(5, f);
  add(6, g);
  add(7, h);
}

function add(index: number, value: number): void {
  state[index] = ((state[index] ?? 0) + value) | 0;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function toBase64Url(words: Int32Array): string {
  codes.length = 0;
  // 256 bits are 42 whole groups of six and four bits more, which a 43rd character carries.
  for (let bit = 0; bit < 256; bit += 6) {
    const word = words[bit >> 5] ?? 0;
    const next = words[(bit >> 5) + 1] ?? 0;
    const shift = 26 - (bit & 31);
    const group = shift >= 0 ? word >>> shift : (word << -shift) | (next >>> (32 + shift));
    codes.push(ALPHABET[group & 63] ?? 0);
  }
  return String.fromCharCode(...codes);
}

/** The first 32 bits behind the binary point, which is how the standard defines its constants. */
function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}
