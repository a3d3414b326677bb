import type { Checked } from "./limits.ts";
import { remembering } from "./remembering.ts";

/**
 * Addresses and ranges of them, IPv4 and IPv6. An IPv4-mapped IPv6 address (`::ffff:192.0.2.7`) is the IPv4 address
 * in it, and nothing else: whoever listens on both sees the same client either way. Pure.
 */

export const CIDRS_MAX = 64;
// The longest range: eight groups, the last two as IPv4, and a length.
const TEXT_MAX_LENGTH = 49;
const ZERO = 0x30;
const POINT = 0x2e;

/** 4 bytes or 16, highest first. */
export type Address = readonly number[];
/** All addresses whose first `bits` bits are those of `address`, whose other bits are zero. */
export type Cidr = { address: Address; bits: number };

/** Reads an address; null for anything else, such as a host name, a port, a zone, or a number with leading zeros. */
export function parseAddress(text: string): Address | null {
  if (text.length > TEXT_MAX_LENGTH) return null;
  const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  return bytes !== null && isMapped(bytes) ? bytes.slice(12) : bytes;
}

/** The one spelling of an address: dotted IPv4, or IPv6 as RFC 5952 has it. */
export function formatAddress(address: Address): string {
  if (address.length === 4) return `${address[0]}.${address[1]}.${address[2]}.${address[3]}`;
  const groups = Array.from(
    { length: 8 },
    (_, index) => (byteAt(address, index * 2) << 8) | byteAt(address, index * 2 + 1),
  );
  const { start, length } = longestZeros(groups);
  if (length < 2) return toHex(groups);
  return `${toHex(groups.slice(0, start))}::${toHex(groups.slice(start + length))}`;
}

/** Reads a range, or a single address as the range of just that one. Bits beyond its length are cleared. */
export function parseCidr(text: string): Cidr | null {
  const [addressText = "", bitsText, ...rest] = text.split("/");
  if (text.length > TEXT_MAX_LENGTH || rest.length > 0) return null;
  const full = addressText.includes(":") ? parseIpv6(addressText) : parseIpv4(addressText);
  if (full === null) return null;
  const bits = bitsText === undefined ? full.length * 8 : parseBits(bitsText, full.length * 8);
  if (bits === null) return null;
  const address = full.map((byte, index) => byte & maskAt(index, bits));
  return isMapped(address) && bits >= 96 ? { address: address.slice(12), bits: bits - 96 } : { address, bits };
}

export function formatCidr({ address, bits }: Cidr): string {
  return `${formatAddress(address)}/${bits}`;
}

/** Whether the range holds the address. A range of IPv4 holds IPv4 only, as one of IPv6 holds IPv6 only. */
export function holds({ address: first, bits }: Cidr, address: Address): boolean {
  return (
    first.length === address.length &&
    first.every((byte, index) => byte === (byteAt(address, index) & maskAt(index, bits)))
  );
}

/** A key's ranges as they are stored: one spelling each, sorted, without those that another one includes. */
export function checkCidrs(raw: readonly string[]): Checked<string[]> {
  const cidrs: Cidr[] = [];
  for (const text of new Set(raw)) {
    const cidr = parseCidr(text.trim());
    if (cidr === null)
      return problem(
        `${JSON.stringify(text.slice(0, TEXT_MAX_LENGTH))} is no address range. Write it as 192.0.2.0/24 or 2001:db8::/32.`,
      );
    cidrs.push(cidr);
  }
  const kept = cidrs.filter(
    (cidr, index) => !cidrs.some((other, at) => at !== index && swallows(other, cidr, at < index)),
  );
  if (kept.length === 0)
    return problem("Name at least one address range, or leave the list out to allow every address.");
  if (kept.length > CIDRS_MAX) return problem(`Name at most ${CIDRS_MAX} address ranges.`);
  return { ok: true, value: kept.toSorted(compare).map(formatCidr) };
}

// Every call with a bound key asks for the same few ranges.
const rangeOf = remembering(10_000, parseCidr);

/**
 * Whether a key with these ranges may be used from that address. Without a list it may be from anywhere; with one,
 * an address that nobody knows is denied.
 */
export function allowsAddress(cidrs: readonly string[] | null, address: Address | null): boolean {
  if (cidrs === null) return true;
  if (address === null) return false;
  return cidrs.some((text) => {
    const cidr = rangeOf(text);
    return cidr !== null && holds(cidr, address);
  });
}

/** Whether each of the `inner` ranges lies in one of the `outer` ones; null stands for every address. */
export function isWithinCidrs(inner: readonly string[] | null, outer: readonly string[] | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  const limits = outer.flatMap((text) => parseCidr(text) ?? []);
  return inner.every((text) => {
    const cidr = parseCidr(text);
    return cidr !== null && limits.some((limit) => includes(limit, cidr));
  });
}

function parseIpv4(text: string): number[] | null {
  const bytes: number[] = [];
  let byte: number | null = null;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit >= 0 && digit <= 9) {
      // A leading zero means octal to some programs and nothing to others, so such a number is none.
      if (byte === 0) return null;
      byte = (byte ?? 0) * 10 + digit;
      if (byte > 255) return null;
    } else if (byte !== null && digit === POINT - ZERO) {
      bytes.push(byte);
      byte = null;
    } else return null;
  }
  if (byte === null) return null;
  bytes.push(byte);
  return bytes.length === 4 ? bytes : null;
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = "", tail] = halves;
  const left = parseGroups(head, tail === undefined);
  const right = tail === undefined ? [] : parseGroups(tail, true);
  if (left === null || right === null) return null;
  const missing = 16 - left.length - right.length;
  // "::" stands for at least one group.
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return [...left, ...Array.from({ length: missing }, () => 0), ...right];
}

/** Groups between colons as bytes; only the address's very last one may be written as IPv4. */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (last && index === groups.length - 1 && group.includes(".")) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === null) return null;
      bytes.push(...ipv4);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    }
  }
  return bytes;
}

function parseBits(text: string, most: number): number | null {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= most ? Number(text) : null;
}

function isMapped(bytes: readonly number[]): boolean {
  if (bytes.length !== 16 || bytes[10] !== 255 || bytes[11] !== 255) return false;
  return bytes.slice(0, 10).every((byte) => byte === 0);
}

/** Which bits of the byte at `index` belong to the first `bits` bits. */
function maskAt(index: number, bits: number): number {
  const own = Math.min(8, Math.max(0, bits - index * 8));
  return (0xff << (8 - own)) & 0xff;
}

function byteAt(address: Address, index: number): number {
  return address[index] ?? 0;
}

function includes(outer: Cidr, inner: Cidr): boolean {
  return outer.bits <= inner.bits && holds(outer, inner.address);
}

/** Of two equal ranges the first one stays. */
function swallows(other: Cidr, cidr: Cidr, isBefore: boolean): boolean {
  return includes(other, cidr) && (isBefore || !includes(cidr, other));
}

/** IPv4 before IPv6, then by address, then the wider first. */
function compare(left: Cidr, right: Cidr): number {
  if (left.address.length !== right.address.length) return left.address.length - right.address.length;
  for (const [index, byte] of left.address.entries()) {
    if (byte !== byteAt(right.address, index)) return byte - byteAt(right.address, index);
  }
  return left.bits - right.bits;
}

function toHex(groups: number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

/** The longest run of zero groups, the first of several. */
function longestZeros(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [index, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best.length) best = { start: index - run + 1, length: run };
  }
  return best;
}

function problem(text: string): { ok: false; problem: string } {
  return { ok: false, problem: text };
}
