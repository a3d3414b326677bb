import { LAST_USED_INTERVAL_MS, HOUR_MS } from "../../shared/limits.ts";
import type { KeyState } from "../verification/keyStates.ts";
import type { UsageEntry } from "./counts.ts";

// Every call with a key passes here: this file stays light.

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

/** The parts into which the time is cut that a use may wait. */
export const TURNS = 125;
const NOTED_MAX = 100_000;

/** `turn` is the one in which the first of its uses came. */
type Waiting = { entry: UsageEntry; turn: number };

/**
 * Uses that wait to be written, one entry per key and hour. They are given out evenly: as few at each turn as will do for
 * none to wait longer than TURNS, lest the calls of one moment wait for the counts of thousands.
 */
export class GatheredUses {
  #waiting = new Map<string, Waiting>();
  /** What does not wait: of keys that were not used before, and of an hour that is over. */
  #urgent: UsageEntry[] = [];
  #turn = 0;
  /** The part of an entry that the turns so far have left over. */
  #owed = 0;
  /** When each key's last use was noted: spares the others within the interval from being written. */
  readonly #notedAt = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#urgent.length === 0;
  }

  /** When the key's last use was noted here, which may not be written yet; null when that is not known. Epoch milliseconds. */
  notedAt(keyId: string): number | null {
    return this.#notedAt.get(keyId) ?? null;
  }

  add(key: KeyState, { operation, outcome, at, tags, by }: Use): void {
    const entry = this.#entryOf(key, Math.floor(at / HOUR_MS) * HOUR_MS);
    addCount(entry, operation, outcome);
    if (tags !== undefined) for (const tag of tags) addTag(entry, tag, by === null);
    if (by !== null) this.#noteLastUse(entry, at, by);
  }

  /** Ends a turn, or several of which the ends were missed, and takes out what is due at the end. */
  takeDue(turns = 1): UsageEntry[] {
    this.#turn += 1;
    let due = this.#owed + this.#rate() * turns;
    this.#turn += turns - 1;
    const taken = this.#urgent;
    this.#urgent = [];
    for (const [keyId, { entry }] of this.#waiting) {
      if (due < 1) break;
      due -= 1;
      this.#waiting.delete(keyId);
      taken.push(entry);
    }
    this.#owed = this.#waiting.size === 0 ? 0 : due;
    return taken;
  }

  takeAll(): UsageEntry[] {
    const taken = [...this.#urgent, ...Array.from(this.#waiting.values(), ({ entry }) => entry)];
    this.#urgent = [];
    this.#waiting = new Map();
    this.#owed = 0;
    return taken;
  }

  /** Entries per turn that are few enough, and enough for each to be out in time: the oldest come first. */
  #rate(): number {
    let rate = 0;
    let position = 0;
    for (const { turn } of this.#waiting.values()) {
      position += 1;
      const turnsLeft = Math.max(1, turn + TURNS + 1 - this.#turn);
      rate = Math.max(rate, (position - this.#owed) / turnsLeft);
    }
    return rate;
  }

  #entryOf(key: KeyState, hour: number): UsageEntry {
    const { keyId } = key;
    const waiting = this.#waiting.get(keyId);
    if (waiting !== undefined) {
      if (waiting.entry.hour === hour) return waiting.entry;
      this.#waiting.delete(keyId);
      this.#urgent.push(waiting.entry);
    }
    const { organizationId, ownerKind, ownerUserId, usageId } = key;
    const ownerRef = ownerKind === "service" ? "service" : ownerUserId;
    const entry = { organizationId, ownerRef, keyId, usageId, hour, lastUse: null, counts: [], tags: [] };
    this.#waiting.set(keyId, { entry, turn: this.#turn });
    return entry;
  }

  #noteLastUse(entry: UsageEntry, at: number, { ip, agent }: Sender): void {
    const { keyId } = entry;
    const before = this.#notedAt.get(keyId);
    // What waits to be written anyway is kept up to date.
    if (before !== undefined && entry.lastUse === null && at - before < LAST_USED_INTERVAL_MS) return;
    if (this.#notedAt.size >= NOTED_MAX) this.#notedAt.clear();
    this.#notedAt.set(keyId, at);
    entry.lastUse = { at, ...(ip !== null && { ip }), ...(agent !== null && { agent }) };
    // Somebody may be watching whether a new key works.
    if (before === undefined && this.#waiting.get(keyId)?.entry === entry) {
      this.#waiting.delete(keyId);
      this.#urgent.push(entry);
    }
  }
}

function addCount(entry: UsageEntry, operation: string, outcome: string): void {
  for (const count of entry.counts) {
    if (count.operation === operation && count.outcome === outcome) {
      count.count += 1;
      return;
    }
  }
  entry.counts.push({ operation, outcome, count: 1 });
}

function addTag(entry: UsageEntry, tag: string, isRefused: boolean): void {
  const refused = isRefused ? 1 : 0;
  const known = entry.tags.find((tagged) => tagged.tag === tag);
  if (known === undefined) {
    entry.tags.push({ tag, count: 1, refused });
    return;
  }
  known.count += 1;
  known.refused += refused;
}
