import { sha256Hex } from "./sha256.ts";

// How an organization's audit entries hold each other. Whoever has an export can check it with this file's rules
// alone: the hash of an entry is the SHA-256, in lower-case hexadecimal, of the UTF-8 text that
// `toCanonicalText` makes of it, and that text holds the hash of the entry before.

/** What the chain holds of an entry; all of it but the hash itself. */
export type ChainedEntry = {
  organizationId: string;
  /** Counts the organization's entries from 1. */
  seq: number;
  previousHash: string;
  /** Epoch milliseconds. */
  at: number;
  actor: { type: string; id: string; name: string };
  action: string;
  targetKind: string;
  targetId: string;
  /** JSON text, as it was stored. */
  before: string | null;
  after: string | null;
  reason: string | null;
  requestId: string;
  ip: string | null;
  agent: string | null;
};

/** What the first entry of an organization names as the one before it. Chains of two organizations share nothing. */
export function genesisHash(organizationId: string): string {
  return sha256Hex(JSON.stringify({ genesis: "latchkey audit 1", organizationId }));
}

/** The hash of an entry: 64 lower-case hexadecimal digits. */
export function entryHash(entry: ChainedEntry): string {
  return sha256Hex(toCanonicalText(entry));
}

/** JSON without spaces, fields in alphabetical order, absent ones null. Fields that the chain does not know are left out. */
export function toCanonicalText(entry: ChainedEntry): string {
  const { action, actor, after, agent, at, before, ip, organizationId } = entry;
  const { previousHash, reason, requestId, seq, targetId, targetKind } = entry;
  return JSON.stringify({
    action,
    actor: { id: actor.id, name: actor.name, type: actor.type },
    after,
    agent,
    at,
    before,
    ip,
    organizationId,
    previousHash,
    reason,
    requestId,
    seq,
    targetId,
    targetKind,
  });
}
