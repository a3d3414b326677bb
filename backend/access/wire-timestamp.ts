import type { Timestamp } from "../database/database.ts";

const BYTES = 8;
const NANOSECONDS = 1000n;

let last: { readonly ts: Timestamp; readonly text: string } = { ts: 0, text: "AAAAAAAAAAA=" };

/** A timestamp as clients see it: base64 of nanoseconds in eight little-endian bytes. */
export function encodeTimestamp(ts: Timestamp): string {
  // Hundreds of sockets are told the same commit in a row.
  if (ts !== last.ts) {
    const bytes = Buffer.alloc(BYTES);
    bytes.writeBigUInt64LE(BigInt(ts) * NANOSECONDS);
    last = { ts, text: bytes.toString("base64") };
  }
  return last.text;
}

/** @throws RangeError when the text is no such timestamp. */
export function decodeTimestamp(text: string): Timestamp {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== BYTES) throw new RangeError("A timestamp must be base64 of eight bytes");
  return Number(bytes.readBigUInt64LE() / NANOSECONDS);
}
