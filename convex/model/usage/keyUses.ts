import { internal } from "../../_generated/api.js";
import { env } from "../../_generated/server.js";
import { GatheredUses, TURNS } from "./gatheredUses.ts";
import type { Use } from "./gatheredUses.ts";
import type { Writer } from "../groupCommit.ts";
import type { KeyState } from "../verification/keyStates.ts";
import type { UsageEntry } from "./counts.ts";

// Every call with a key passes here: this file stays light. What it gathers is gathered in this process. Where every
// call has a process of its own, each one writes for itself before it answers.

type Batch = { batch: number; entries: UsageEntry[] };

/**
 * Entries per commit, few enough that no call waits long for one to be run, and commits that may wait while the database
 * fails; above that the oldest are given up.
 */
const ENTRIES_MAX = 25;
const BATCHES_MAX = 4_000;
const WINDOW_MAX_MS = 60_000;
const RETRY_MS = 1_000;
const SHARDS = 4;

const gathered = new GatheredUses();
let unsent: Batch[] = [];
let batches = 0;
let turn: Promise<unknown> = Promise.resolve();
/** Whether a timer is set, or what it was set for is under way. */
let isTicking = false;
/** When the turn that is under way began, epoch milliseconds. */
let turnBeganAt = 0;
/** Names this process to the table of writers. Made late: while a module is imported, chance is not by chance. */
let writer: string | undefined;

/** Gathers a use in memory. `settleUses` has to follow before the answer goes out. */
export function noteUse(key: KeyState, use: Use): void {
  gathered.add(key, use);
}

/** When this process last noted that the key was used, written or not; null when it knows of no use. Epoch milliseconds. */
export function lastNotedUse({ keyId }: KeyState): number | null {
  return gathered.notedAt(keyId);
}

/**
 * Sees to it that what was gathered is written: before this returns when LATCHKEY_USAGE_WINDOW_MS is 0 or not set, as
 * it must be wherever nothing runs after the answer; else within that many milliseconds, and the first use of a key sooner;
 * then there is nothing to wait for. Never throws: a use that cannot be counted is still a use.
 */
export function settleUses(ctx: Writer): Promise<void> | undefined {
  if (isTicking || isSettled()) return undefined;
  const windowMs = readWindow();
  if (windowMs === 0) return settleNow(ctx);
  isTicking = true;
  turnBeganAt = Date.now();
  setTimeout(() => void writeInTime(ctx, windowMs), windowMs / TURNS);
  return undefined;
}

async function settleNow(ctx: Writer): Promise<void> {
  try {
    await inTurn(async () => await write(ctx, gathered.takeAll(), null));
  } catch (thrown) {
    // Whether the counts were written is unknown, so they are not sent again.
    unsent = [];
    report(thrown);
  }
}

/** Writes everything that waits. Throws when that fails; it then still waits. */
export async function flushUses(ctx: Writer): Promise<void> {
  await inTurn(async () => await write(ctx, gathered.takeAll(), nameOfWriter()));
}

/** Writes what is due, and comes back for the rest. */
async function writeInTime(ctx: Writer, windowMs: number): Promise<void> {
  const turnMs = windowMs / TURNS;
  const now = Date.now();
  // A slow disk or a busy process makes a turn late, and the uses must not wait longer for that.
  const turns = Math.min(TURNS, Math.max(1, Math.floor((now - turnBeganAt) / turnMs)));
  turnBeganAt = Math.min(now, Math.max(turnBeganAt + turns * turnMs, now - windowMs));
  let pauseMs: number | null = null;
  try {
    await inTurn(async () => await write(ctx, gathered.takeDue(turns), nameOfWriter()));
  } catch (thrown) {
    report(thrown);
    pauseMs = RETRY_MS;
  }
  isTicking = !isSettled();
  // The clock may have been set meanwhile.
  pauseMs ??= Math.min(turnMs, Math.max(1, turnBeganAt + turnMs - Date.now()));
  if (isTicking) setTimeout(() => void writeInTime(ctx, windowMs), pauseMs);
}

function isSettled(): boolean {
  return gathered.isEmpty && unsent.length === 0;
}

function nameOfWriter(): string {
  writer ??= crypto.randomUUID();
  return writer;
}

/** One at a time, so that a batch is never overtaken by a later one. */
async function inTurn(work: () => Promise<void>): Promise<void> {
  const mine = turn.then(work);
  turn = mine.catch(() => null);
  await mine;
}

async function write(ctx: Writer, entries: readonly UsageEntry[], by: string | null): Promise<void> {
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

function readWindow(): number {
  const windowMs = Number(env.LATCHKEY_USAGE_WINDOW_MS ?? "0");
  return windowMs > 0 && windowMs <= WINDOW_MAX_MS ? windowMs : 0;
}

function report(thrown: unknown): void {
  // oxlint-disable-next-line no-console -- nobody else can be told: the answer does not depend on it
  console.error("Usage counts could not be written:", thrown);
}
