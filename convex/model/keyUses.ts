import { internal } from "../_generated/api.js";
import { env } from "../_generated/server.js";
import { HOUR_MS, LAST_USED_INTERVAL_MS } from "../shared/limits.ts";
import type { Writer } from "./groupCommit.ts";
import type { KeyState } from "./keyStates.ts";
import type { UsageEntry } from "./usageCounts.ts";

// Every call with a key passes here: this file stays light. What it gathers is gathered in this process. Where every
// call has a process of its own, each one writes for itself before it answers.

/** Who used a key. */
export type Sender = { ip: string | null; agent: string | null };

/** One use of a key, or one that was refused. */
export type Use = {
  /** The name of the operation that the key called, or `verify` when somebody asked about it. */
  operation: string;
  /** `OK`, the code of the refusal, or the verdict. */
  outcome: string;
  /** Epoch milliseconds. */
  at: number;
  tags?: readonly string[];
  /** Whom to note as the last to use it; null for a use that was refused. */
  by: Sender | null;
};

type Gathered = Pick<UsageEntry, "organizationId" | "ownerRef" | "keyId" | "usageId" | "hour" | "lastUse"> & {
  counts: Map<string, UsageEntry["counts"][number]>;
  tags: Map<string, UsageEntry["tags"][number]>;
};
type Batch = { batch: number; entries: UsageEntry[] };

/**
 * Entries per commit, few enough that no call waits long for one to be run, and commits that may wait while the database
 * fails; above that the oldest are given up.
 */
const ENTRIES_MAX = 25;
const BATCHES_MAX = 4_000;
const NOTED_MAX = 100_000;
/** Somebody may be watching whether a new key works, so that its first use is not kept back for the whole window. */
const FIRST_USE_MS = 1_000;
const SHARDS = 4;

let gathered = new Map<string, Gathered>();
let unsent: Batch[] = [];
let batches = 0;
let turn: Promise<unknown> = Promise.resolve();
let timer: ReturnType<typeof setTimeout> | undefined;
/** Whether a key is among what was gathered that was not used before, and whether the timer is set to the sooner time. */
let hasFirstUse = false;
let isSoon = false;
/** Names this process to the table of writers. Made late: while a module is imported, chance is not by chance. */
let writer: string | undefined;
/** When each key's last use was noted: spares the others within the interval from being written. */
const notedAt = new Map<string, number>();

/** Gathers a use in memory. `settleUses` has to follow before the answer goes out. */
export function noteUse(key: KeyState, { operation, outcome, at, tags = [], by }: Use): void {
  const entry = entryOf(key, Math.floor(at / HOUR_MS) * HOUR_MS);
  const name = `${operation} ${outcome}`;
  const count = entry.counts.get(name);
  if (count === undefined) entry.counts.set(name, { operation, outcome, count: 1 });
  else count.count += 1;
  for (const tag of tags) {
    const tagged = entry.tags.get(tag) ?? { tag, count: 0, refused: 0 };
    entry.tags.set(tag, {
      tag,
      count: tagged.count + 1,
      refused: tagged.refused + (by === null ? 1 : 0),
    });
  }
  if (by !== null) noteLastUse(entry, at, by);
}

/**
 * Sees to it that what was gathered is written: before this returns when LATCHKEY_USAGE_WINDOW_MS is 0 or not set, as
 * it must be wherever nothing runs after the answer; else within that many milliseconds, together with everything else
 * of that time; then there is nothing to wait for. Never throws: a use that cannot be counted is still a use.
 */
export function settleUses(ctx: Writer): Promise<void> | undefined {
  const isDue = timer !== undefined && (isSoon || !hasFirstUse);
  if (isDue || (gathered.size === 0 && unsent.length === 0)) return undefined;
  const windowMs = readWindow();
  if (windowMs === 0) return settleNow(ctx);
  clearTimeout(timer);
  isSoon = hasFirstUse;
  timer = setTimeout(() => void flushInTime(ctx), hasFirstUse ? Math.min(windowMs, FIRST_USE_MS) : windowMs);
  return undefined;
}

async function settleNow(ctx: Writer): Promise<void> {
  try {
    await inTurn(async () => await writeGathered(ctx, null));
  } catch (thrown) {
    // Whether the counts were written is unknown, so they are not sent again.
    unsent = [];
    report(thrown);
  }
}

/** Writes everything that waits. Throws when that fails; it then still waits. */
export async function flushUses(ctx: Writer): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  hasFirstUse = false;
  writer ??= crypto.randomUUID();
  const name = writer;
  await inTurn(async () => await writeGathered(ctx, name));
}

async function flushInTime(ctx: Writer): Promise<void> {
  try {
    await flushUses(ctx);
  } catch (thrown) {
    report(thrown);
    // A later request tries again; without one, this does.
    timer ??= setTimeout(() => void flushInTime(ctx), Math.max(readWindow(), 1_000));
  }
}

/** One at a time, so that a batch is never overtaken by a later one. */
async function inTurn(work: () => Promise<void>): Promise<void> {
  const mine = turn.then(work);
  turn = mine.catch(() => null);
  await mine;
}

async function writeGathered(ctx: Writer, by: string | null): Promise<void> {
  const entries = [...gathered.values()].map(toEntry);
  gathered = new Map();
  for (let start = 0; start < entries.length; start += ENTRIES_MAX) {
    batches += 1;
    unsent.push({ batch: batches, entries: entries.slice(start, start + ENTRIES_MAX) });
  }
  if (unsent.length > BATCHES_MAX) {
    report(new Error(`${unsent.length - BATCHES_MAX} batches of usage counts were given up`));
    unsent = unsent.slice(-BATCHES_MAX);
  }
  // A writer alone has its row of every hour to itself; others spread over several.
  const shard = by === null ? Math.floor(Math.random() * SHARDS) : 0;
  for (let next = unsent[0]; next !== undefined; next = unsent[0]) {
    await ctx.runMutation(internal.usage.record, { ...next, writer: by, shard });
    unsent.shift();
  }
}

function entryOf(key: KeyState, hour: number): Gathered {
  const name = `${key.keyId} ${hour}`;
  const known = gathered.get(name);
  if (known !== undefined) return known;
  const { organizationId, ownerKind, ownerUserId, keyId, usageId } = key;
  const ownerRef = ownerKind === "service" ? "service" : ownerUserId;
  const entry = { organizationId, ownerRef, keyId, usageId, hour, lastUse: null, counts: new Map(), tags: new Map() };
  gathered.set(name, entry);
  return entry;
}

function noteLastUse(entry: Gathered, at: number, { ip, agent }: Sender): void {
  // What waits to be written anyway is kept up to date.
  const before = notedAt.get(entry.keyId);
  if (before === undefined) hasFirstUse = true;
  else if (entry.lastUse === null && at - before < LAST_USED_INTERVAL_MS) return;
  if (notedAt.size >= NOTED_MAX) notedAt.clear();
  notedAt.set(entry.keyId, at);
  entry.lastUse = { at, ...(ip !== null && { ip }), ...(agent !== null && { agent }) };
}

function toEntry({ counts, tags, ...entry }: Gathered): UsageEntry {
  return { ...entry, counts: [...counts.values()], tags: [...tags.values()] };
}

function readWindow(): number {
  const windowMs = Number(env.LATCHKEY_USAGE_WINDOW_MS ?? "0");
  return windowMs > 0 && windowMs <= WINDOW_MAX_MS ? windowMs : 0;
}

const WINDOW_MAX_MS = 60_000;

function report(thrown: unknown): void {
  // oxlint-disable-next-line no-console -- nobody else can be told: the answer does not depend on it
  console.error("Usage counts could not be written:", thrown);
}
