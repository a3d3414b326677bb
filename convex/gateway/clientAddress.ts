import { env } from "../_generated/server.js";
import { formatAddress, holds, parseAddress, parseCidr } from "../shared/cidr.ts";
import type { Address, Cidr } from "../shared/cidr.ts";

/** The header in which the server in front names the address that connected to it, replacing any sent by a client. */
const PEER_HEADER = "x-latchkey-peer";
// What our own proxy in front of a remote deployment sends beside it. The chain has a header of its own because
// whatever stands between the two appends to X-Forwarded-For.
const PROXY_SECRET_HEADER = "x-latchkey-proxy-secret";
const PROXIED_CHAIN_HEADER = "x-latchkey-forwarded-for";

/** The headers that only a server in front of us may set. Nothing behind the gateway's edge needs them. */
export const FRONT_HEADERS = [PEER_HEADER, PROXY_SECRET_HEADER, PROXIED_CHAIN_HEADER] as const;

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
  const peer = headers.get(PEER_HEADER) ?? "";
  const forwarded = headers.get(proxied ? PROXIED_CHAIN_HEADER : "x-forwarded-for");
  if (forwarded === null) return formatPeer(peer);
  const address = parseHop(peer);
  const client = address === null ? null : behindProxies(address, forwarded);
  return client === null ? null : formatAddress(client);
}

// The same few peers, mostly: a proxy, or clients that keep their connection.
const peers = new Map<string, string | null>();
const PEERS_MAX = 1_000;
const PORT_MAX = 65_535;

function formatPeer(text: string): string | null {
  const known = peers.get(text);
  if (known !== undefined) return known;
  const address = parseHop(text);
  const formatted = address === null ? null : formatAddress(address);
  if (peers.size >= PEERS_MAX) peers.clear();
  peers.set(text, formatted);
  return formatted;
}

function behindProxies(peer: Address, forwarded: string): Address | null {
  const proxies = parseProxies(env.LATCHKEY_TRUSTED_PROXIES ?? "");
  let client = peer;
  for (const entry of forwarded.split(",").toReversed()) {
    const reported = client;
    if (!proxies.some((proxy) => holds(proxy, reported))) return client;
    const hop = parseHop(withoutPort(entry.trim()));
    // A proxy of ours that writes nonsense tells us nothing about who is behind it.
    if (hop === null) return null;
    client = hop;
  }
  return client;
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

/**
 * An entry of the chain without the port that some proxies write behind the address: `192.0.2.7:443` or `[2001:db8::7]:443`.
 * A bare IPv6 address stays whole, as its last group may look like a port.
 */
function withoutPort(entry: string): string {
  const [, address, port] = /^([\d.]+|\[[^\]:]*:[^\]]*\]):(0|[1-9]\d{0,4})$/.exec(entry) ?? [];
  return address !== undefined && Number(port) <= PORT_MAX ? address : entry;
}

/** An address as proxies write it, IPv6 perhaps in brackets and with a zone; null for anything else. */
function parseHop(text: string): Address | null {
  const [address = ""] = text
    .trim()
    .replace(/^\[(.*)\]$/, "$1")
    .split("%");
  return parseAddress(address);
}

/** An entry that is no range is left out, so that a typing error never widens trust. */
function parseProxies(list: string): Cidr[] {
  return list.split(",").flatMap((entry) => parseCidr(entry.trim()) ?? []);
}
