import { sha256Hex } from "./sha256.ts";

// How an organization's audit entries hold each other. Whoever has an export can check it with this file's rules
// alone: the hash of an entry is the SHA-256, in lower-case hexadecimal, of the UTF-8 text that
// `toCanonicalText` makes of it, and that text holds the hash of the entry before.
//
// What tells of a person — a user's name, an address, an agent — is not in that text but beside it, and the text
// holds only its digest: `partDigest`. So it can be erased and the chain still holds. The salt goes with it: without
// one, a digest could be tried against every address there is.

/** The form of entries that are written now. It is hashed with them, so an entry cannot pass for one of another form. */
export const AUDIT_FORMAT = 2;

/** What the chain holds of an entry; all of it but the hash itself. */
export type ChainedEntry = {
  format: number;
  organizationId: string;
  /** Counts the organization's entries from 1. */
  seq: number;
  previousHash: string;
  /** Epoch milliseconds. */
  at: number;
  /** The name of a key or of the system is the organization's own and is hashed; a user's is in its personal part. */
  actor: { type: string; id: string; name?: string };
  /** The user whose data the personal part is: the actor, or the owner of its personal key. Null for nobody's. */
  personId: string | null;
  /** Of the personal part; null when there was none. */
  personDigest: string | null;
  /** Of the part about whom the entry is about; null when there was none. */
  subjectDigest: string | null;
  action: string;
  targetKind: string;
  targetId: string;
  /** JSON text, as it was stored. */
  before: string | null;
  after: string | null;
  reason: string | null;
  requestId: string;
};

/** Who acted: `name` is a user's, null for keys. */
export type PersonPart = { name: string | null; ip: string | null; agent: string | null };
/** Whom an entry is about, when it is nobody with a user yet. */
export type SubjectPart = { email: string };

/** What the first entry of an organization names as the one before it. Chains of two organizations share nothing. */
export function genesisHash(organizationId: string): string {
  return sha256Hex(JSON.stringify({ genesis: `latchkey audit ${AUDIT_FORMAT}`, organizationId }));
}

/** The hash of an entry: 64 lower-case hexadecimal digits. */
export function entryHash(entry: ChainedEntry): string {
  return sha256Hex(toCanonicalText(entry));
}

/** What an entry holds of a part that can be erased: the hash of its salt, 32 hexadecimal digits, and its canonical text. */
export function partDigest(salt: string, part: PersonPart | SubjectPart): string {
  return sha256Hex(salt + JSON.stringify(part, Object.keys(part).toSorted()));
}

/** JSON without spaces, fields in alphabetical order, absent ones null. Fields that the chain does not know are left out. */
export function toCanonicalText(entry: ChainedEntry): string {
  const { action, actor, after, at, before, format, organizationId, personDigest, personId } = entry;
  const { previousHash, reason, requestId, seq, subjectDigest, targetId, targetKind } = entry;
  const { id, name, type } = actor;
  return JSON.stringify({
    action,
    actor: type === "user" ? { id, type } : { id, name, type },
    after,
    at,
    before,
    format,
    organizationId,
    personDigest,
    personId,
    previousHash,
    reason,
    requestId,
    seq,
    subjectDigest,
    targetId,
    targetKind,
  });
}

/** A name for a user whose own has been erased, or is not known: the same in every entry, and of no use elsewhere. */
export function pseudonymOf(userId: string): string {
  return `user ${sha256Hex(`latchkey person ${userId}`).slice(0, 8)}`;
}
