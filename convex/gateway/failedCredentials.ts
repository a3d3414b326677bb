import { env } from "../_generated/server.js";
import { fillBucket, takeFromBucket } from "../shared/allowance.ts";
import type { Bucket } from "../shared/allowance.ts";
import { formatAddress, parseAddress } from "../shared/cidr.ts";
import { rateLimited } from "../shared/errors.ts";
import type { RateLimit } from "../shared/limits.ts";
import type { Credential } from "./credential.ts";

// Guessing must cost the guesser more than us: an address that keeps showing credentials which are none is turned away
// before anything is hashed or looked up. Only failures count, and who shows what was found good while others behind
// the same address failed goes on undisturbed. An address without failures costs one look into a map. What this process
// saw is all it knows: where every call has a process of its own, it stops nobody.

const PER_MINUTE = 300;
const WINDOW_MS = 60_000;
/** Everybody whose address nobody says is in one bucket, which has to be larger. */
const UNKNOWN_FACTOR = 20;
const UNKNOWN = "unknown";
const ADDRESSES_MAX = 10_000;
const GOOD_MAX = 10_000;

/** By address, the longest untouched first. */
const buckets = new Map<string, Bucket>();
/** Fingerprints of good credentials from addresses that also failed, the longest unused first. */
const good = new Set<number>();
let seeds: Uint32Array | undefined;

/**
 * Throws RATE_LIMITED for an address that has shown too many credentials that are none, unless this one was found good
 * before; null for a request that needs none. Whoever guesses is told the same whatever the guess is.
 */
export function requireCalm(ip: string | null, credential: Credential | null, now: number): void {
  if (buckets.size === 0) return;
  const name = bucketOf(ip);
  const bucket = buckets.get(name);
  const limit = limitOf(name);
  if (bucket === undefined || limit === null) return;
  const { rate } = takeFromBucket(fillBucket(bucket, limit, now), limit, 1);
  if (rate.ok || (credential !== null && good.has(fingerprintOf(credential)))) return;
  throw rateLimited(rate, "ADDRESS");
}

/** Notes that a credential is good, which matters only where others from its address are not. */
export function noteGood(ip: string | null, credential: Credential): void {
  if (buckets.size === 0 || !buckets.has(bucketOf(ip))) return;
  const fingerprint = fingerprintOf(credential);
  good.delete(fingerprint);
  good.add(fingerprint);
  const [oldest] = good;
  if (good.size > GOOD_MAX && oldest !== undefined) good.delete(oldest);
}

/** Notes that an address has shown a credential that is malformed or unknown. */
export function noteFailure(ip: string | null, now: number): void {
  const name = bucketOf(ip);
  const limit = limitOf(name);
  if (limit === null) return;
  const { bucket } = takeFromBucket(fillBucket(buckets.get(name) ?? null, limit, now), limit, 1);
  buckets.delete(name);
  buckets.set(name, bucket);
  const [oldest] = buckets.keys();
  if (buckets.size > ADDRESSES_MAX && oldest !== undefined) buckets.delete(oldest);
}

/** An IPv6 client has at least a /64 to choose addresses from, so that is what counts. */
function bucketOf(ip: string | null): string {
  if (ip === null) return UNKNOWN;
  if (!ip.includes(":")) return ip;
  const address = parseAddress(ip);
  return address === null || address.length === 4
    ? ip
    : formatAddress(address.map((byte, index) => (index < 8 ? byte : 0)));
}

/** 53 bits that cannot be chosen from outside: this need not be as hard to invert as a hash, only as hard to hit. */
function fingerprintOf(credential: Credential): number {
  const text = textOf(credential);
  // Not when the module is imported, where chance is not by chance.
  seeds ??= crypto.getRandomValues(new Uint32Array(2));
  let [high = 0, low = 0] = seeds;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ (low >>> 15) ^ code, 0x85ebca6b);
  }
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}

function textOf(credential: Credential): string {
  if (credential.type === "key") return credential.key;
  return credential.type === "cookie" ? credential.value : credential.token;
}

/** Null when LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE is 0. */
function limitOf(name: string): RateLimit | null {
  const chosen = Number(env.LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE ?? PER_MINUTE);
  if (chosen === 0) return null;
  const perMinute = Number.isSafeInteger(chosen) && chosen > 0 ? Math.min(chosen, 1_000_000) : PER_MINUTE;
  return { limit: name === UNKNOWN ? perMinute * UNKNOWN_FACTOR : perMinute, windowMs: WINDOW_MS };
}
