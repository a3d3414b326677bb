import { env } from "../_generated/server.js";

/** The header in which the server in front names the address that connected to it, replacing any sent by a client. */
const PEER_HEADER = "x-latchkey-peer";
// What our own proxy in front of a remote deployment sends beside it. The chain has a header of its own because
// whatever stands between the two appends to X-Forwarded-For.
const PROXY_SECRET_HEADER = "x-latchkey-proxy-secret";
const PROXIED_CHAIN_HEADER = "x-latchkey-forwarded-for";

/** The headers that only a server in front of us may set. Nothing behind the gateway's edge needs them. */
export const FRONT_HEADERS = [PEER_HEADER, PROXY_SECRET_HEADER, PROXIED_CHAIN_HEADER] as const;

type Range = { bytes: number[]; bits: number };

/**
 * The address that a request came from, or null when nobody trustworthy says. Starts at the peer and walks
 * `X-Forwarded-For` from its right end for as long as the hop that reported an entry is one of our proxies
 * (LATCHKEY_TRUSTED_PROXIES: addresses and CIDR ranges, comma-separated); what stands left of that, anyone can write.
 *
 * The peer itself is believed from the embedded backend, which sets it (LATCHKEY_EMBEDDED), and from whoever
 * shows LATCHKEY_PROXY_SECRET. Anybody can call a deployment on Convex Cloud directly, and write what they like.
 */
export function clientAddress(headers: Headers): string | null {
  const presented = headers.get(PROXY_SECRET_HEADER);
  const proxied = presented !== null && isProxySecret(presented);
  if (!proxied && env.LATCHKEY_EMBEDDED !== "true") return null;
  const peer = normalizeAddress(headers.get(PEER_HEADER) ?? "");
  if (peer === null) return null;
  const forwarded = headers.get(proxied ? PROXIED_CHAIN_HEADER : "x-forwarded-for");
  if (forwarded === null) return peer;
  const proxies = parseRanges(env.LATCHKEY_TRUSTED_PROXIES ?? "");
  let client = peer;
  for (const entry of forwarded.split(",").toReversed()) {
    if (!isInRanges(client, proxies)) return client;
    const hop = normalizeAddress(entry.trim());
    // A proxy of ours that writes nonsense tells us nothing about who is behind it.
    if (hop === null) return null;
    client = hop;
  }
  return client;
}

/** Parses `10.0.0.0/8, ::1`; an entry that is no address is left out, so a typing error never widens trust. */
export function parseRanges(list: string): Range[] {
  return list.split(",").flatMap((entry) => {
    const [address = "", length] = entry.trim().split("/");
    const bytes = parseAddress(address);
    if (bytes === null) return [];
    const size = bytes.length * 8;
    if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > size)) return [];
    return [{ bytes, bits: length === undefined ? size : Number(length) }];
  });
}

/** Whether `address` lies in one of the ranges. IPv4 ranges hold IPv4 only, as IPv6 ones hold IPv6. */
export function isInRanges(address: string, ranges: Range[]): boolean {
  const bytes = parseAddress(address);
  if (bytes === null) return false;
  return ranges.some((range) => range.bytes.length === bytes.length && hasPrefix(bytes, range));
}

/** One spelling per address: IPv4-mapped IPv6 becomes IPv4, IPv6 becomes lower-case groups. Null for anything else. */
export function normalizeAddress(text: string): string | null {
  const bytes = parseAddress(text);
  if (bytes === null) return null;
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0));
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

/** Compares every character whatever the first ones are, so that the time taken tells nothing. */
function isProxySecret(presented: string): boolean {
  const secret = env.LATCHKEY_PROXY_SECRET ?? "";
  if (secret === "") return false;
  let difference = presented.length ^ secret.length;
  for (let index = 0; index < secret.length; index += 1) {
    difference |= presented.charCodeAt(index) ^ secret.charCodeAt(index);
  }
  return difference === 0;
}

function parseAddress(text: string): number[] | null {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.every((byte) => byte <= 255) ? bytes : null;
  }
  const [address = ""] = text.replace(/^\[(.*)\]$/, "$1").split("%");
  return address.includes(":") ? parseIpv6(address) : null;
}

function parseIpv6(address: string): number[] | null {
  // The URL parser knows every legal spelling, and answers with the eight groups compressed.
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(`http://[${address}]`)) return null;
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = toGroups(head);
  const right = toGroups(tail ?? "");
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  const bytes = groups.flatMap((group) => [group >> 8, group & 255]);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped ? bytes.slice(12) : bytes;
}

function toGroups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function hasPrefix(bytes: number[], range: Range): boolean {
  const whole = range.bits >> 3;
  for (let index = 0; index < whole; index += 1) if (bytes[index] !== range.bytes[index]) return false;
  const rest = range.bits & 7;
  if (rest === 0) return true;
  const shift = 8 - rest;
  return (bytes[whole] ?? 0) >> shift === (range.bytes[whole] ?? 0) >> shift;
}
