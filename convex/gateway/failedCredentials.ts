import { env } from "../_generated/server.js";
import { fillBucket, takeFromBucket } from "../shared/allowance.ts";
import type { Bucket } from "../shared/allowance.ts";
import { formatAddress, parseAddress } from "../shared/cidr.ts";
import { rateLimited } from "../shared/errors.ts";
import type { RateLimit } from "../shared/limits.ts";

// Guessing must cost the guesser more than us: an address that keeps showing credentials which are none is turned away
// before anything is hashed or looked up, whatever it shows then. Only failures count, and while there are none this
// costs nothing. What this process saw is all it knows: where every call has a process of its own, it stops nobody.

const PER_MINUTE = 300;
const WINDOW_MS = 60_000;
/** Everybody whose address nobody says is in one bucket, which has to be larger. */
const UNKNOWN_FACTOR = 20;
const UNKNOWN = "unknown";
const ADDRESSES_MAX = 10_000;

/** By address, the longest untouched first. */
const buckets = new Map<string, Bucket>();

/** Throws RATE_LIMITED for an address that has shown too many credentials that are none. */
export function requireCalm(ip: string | null, now: number): void {
  if (buckets.size === 0) return;
  const name = bucketOf(ip);
  const bucket = buckets.get(name);
  const limit = limitOf(name);
  if (bucket === undefined || limit === null) return;
  const { rate } = takeFromBucket(fillBucket(bucket, limit, now), limit, 1);
  if (!rate.ok) throw rateLimited(rate, "ADDRESS");
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

/** Null when LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE is 0. */
function limitOf(name: string): RateLimit | null {
  const chosen = Number(env.LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE ?? PER_MINUTE);
  if (chosen === 0) return null;
  const perMinute = Number.isSafeInteger(chosen) && chosen > 0 ? Math.min(chosen, 1_000_000) : PER_MINUTE;
  return { limit: name === UNKNOWN ? perMinute * UNKNOWN_FACTOR : perMinute, windowMs: WINDOW_MS };
}
