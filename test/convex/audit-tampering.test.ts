import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Document, Transaction } from "../../backend/database/database.ts";
import { openDatabase } from "../../backend/database/open-database.ts";
import { afterPrefix, encodeKey } from "../../backend/values/ordered-key.ts";
import type { JsonObject } from "../../backend/values/json.ts";
import { internal } from "../../convex/_generated/api.js";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import type { Caller } from "../../convex/model/rights/callers.ts";
import { entryHash, partDigest } from "../../convex/shared/auditChain.ts";
import { copyTemplate } from "../helpers/template.ts";
import { deployOn } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";

const ROOT = "";

/** One way to falsify the trail, and what verifying must say of it. Each falsifies the chain of an organization of its own. */
type Falsification = {
  title: string;
  falsify: (tx: Transaction, entries: AuditEntry[]) => void;
  broken: { seq: number; problem: string } | null;
};

const falsifications: Falsification[] = [
  { title: "nothing", falsify: () => undefined, broken: null },
  {
    title: "another actor",
    falsify: (tx, entries) => tx.patch(ROOT, at(entries, 4).id, { actor: { type: "user", id: "eve" } }),
    broken: { seq: 4, problem: "altered" },
  },
  {
    title: "another time",
    falsify: (tx, entries) => tx.patch(ROOT, at(entries, 3).id, { at: at(entries, 3).at + 1 }),
    broken: { seq: 3, problem: "altered" },
  },
  {
    title: "a reason taken away",
    falsify: (tx, entries) => tx.patch(ROOT, at(entries, 6).id, { reason: { $undefined: null } }),
    broken: { seq: 6, problem: "altered" },
  },
  {
    title: "another content with a hash to match",
    falsify(tx, entries) {
      const forged = { ...at(entries, 4), action: "key.expire" };
      tx.patch(ROOT, forged.id, { action: forged.action, hash: entryHash(forged) });
    },
    broken: { seq: 5, problem: "unlinked" },
  },
  {
    title: "a removed entry",
    falsify: (tx, entries) => tx.remove(ROOT, at(entries, 3).id),
    broken: { seq: 3, problem: "missing" },
  },
  {
    title: "the first entry removed",
    falsify: (tx, entries) => tx.remove(ROOT, at(entries, 1).id),
    broken: { seq: 1, problem: "missing" },
  },
  {
    title: "the last entry removed",
    falsify: (tx, entries) => tx.remove(ROOT, at(entries, 6).id),
    broken: { seq: 6, problem: "missing" },
  },
  {
    title: "a removed entry, the later ones moved up",
    falsify(tx, entries) {
      tx.remove(ROOT, at(entries, 3).id);
      for (const { id, seq } of entries.slice(3)) tx.patch(ROOT, id, { seq: seq - 1 });
    },
    broken: { seq: 3, problem: "altered" },
  },
  {
    title: "two entries that change places",
    falsify(tx, entries) {
      tx.patch(ROOT, at(entries, 4).id, { seq: 5 });
      tx.patch(ROOT, at(entries, 5).id, { seq: 4 });
    },
    broken: { seq: 4, problem: "altered" },
  },
  {
    title: "two entries that change places, with hashes to match",
    falsify(tx, entries) {
      const [fourth, fifth] = [at(entries, 4), at(entries, 5)];
      for (const [moved, seq] of [
        [fourth, 5],
        [fifth, 4],
      ] as const) {
        tx.patch(ROOT, moved.id, { seq, hash: entryHash({ ...moved, seq }) });
      }
    },
    broken: { seq: 4, problem: "unlinked" },
  },
  {
    title: "an entry put in twice",
    falsify: (tx, entries) => void tx.insert(ROOT, "audit", toRow(at(entries, 4))),
    broken: { seq: 4, problem: "duplicate" },
  },
  {
    title: "an entry put in past the chain",
    falsify(tx, entries) {
      const { seq: _seq, previousHash: _previousHash, hash: _hash, ...unchained } = toRow(at(entries, 4));
      tx.insert(ROOT, "audit", unchained);
    },
    broken: { seq: 0, problem: "unchained" },
  },
  {
    title: "an entry put at the end, the head left as it was",
    falsify(tx, entries) {
      const last = at(entries, 6);
      const added = { ...last, seq: 7, previousHash: last.hash, personDigest: null };
      tx.insert(ROOT, "audit", { ...toRow(added), hash: entryHash(added) });
    },
    broken: { seq: 7, problem: "head" },
  },
  {
    title: "the end cut off, and the head moved back to it without its hash",
    falsify(tx, entries) {
      tx.remove(ROOT, at(entries, 6).id);
      tx.patch(ROOT, headOf(tx, at(entries, 6).organizationId), { seq: 5 });
    },
    broken: { seq: 5, problem: "head" },
  },
  {
    title: "the head removed",
    falsify: (tx, entries) => tx.remove(ROOT, headOf(tx, at(entries, 6).organizationId)),
    broken: { seq: 6, problem: "head" },
  },
  {
    title: "another name for who did it",
    falsify: (tx, entries) =>
      patchPart(tx, at(entries, 4), (row) => ({ part: { ...objectOf(row.part), name: "Eve" } })),
    broken: { seq: 4, problem: "person" },
  },
  {
    title: "another address for who did it",
    falsify: (tx, entries) =>
      patchPart(tx, at(entries, 5), (row) => ({ part: { ...objectOf(row.part), ip: "198.51.100.1" } })),
    broken: { seq: 5, problem: "person" },
  },
  {
    title: "a name and a salt with a digest to match",
    falsify(tx, entries) {
      const salt = "0".repeat(32);
      const part = { name: "Eve", ip: null, agent: null };
      patchPart(tx, at(entries, 4), () => ({ part, salt }));
      tx.patch(ROOT, at(entries, 4).id, { personDigest: partDigest(salt, part) });
    },
    broken: { seq: 4, problem: "altered" },
  },
  {
    title: "who did it taken away, with no erasure",
    falsify: (tx, entries) => tx.remove(ROOT, partOf(tx, at(entries, 6)).id),
    broken: { seq: 6, problem: "person" },
  },
  {
    title: "who did it taken away, and an erasure that no entry tells of",
    falsify(tx, entries) {
      const { organizationId, actor } = at(entries, 4);
      tx.remove(ROOT, partOf(tx, at(entries, 4)).id);
      tx.insert(ROOT, "auditErasures", { organizationId, targetId: actor.id, seq: 6 });
    },
    broken: { seq: 4, problem: "person" },
  },
  {
    title: "two people who change places",
    falsify(tx, entries) {
      const [fourth, fifth] = [partOf(tx, at(entries, 4)), partOf(tx, at(entries, 5))];
      tx.patch(ROOT, fourth.id, { seq: 5 });
      tx.patch(ROOT, fifth.id, { seq: 4 });
    },
    broken: { seq: 4, problem: "person" },
  },
  {
    title: "a second person for one entry",
    falsify(tx, entries) {
      const { _id, _creationTime, ...row } = partOf(tx, at(entries, 3)).value;
      tx.insert(ROOT, "auditPersons", row);
    },
    broken: { seq: 3, problem: "person" },
  },
  {
    title: "a person for an entry that had none",
    falsify(tx, entries) {
      const { _id, _creationTime, ...row } = partOf(tx, at(entries, 3)).value;
      tx.insert(ROOT, "auditPersons", { ...row, seq: 1 });
    },
    broken: { seq: 1, problem: "person" },
  },
  {
    title: "a person filed under another, where no erasure finds it",
    falsify: (tx, entries) => patchPart(tx, at(entries, 5), () => ({ personId: "eve" })),
    broken: { seq: 5, problem: "person" },
  },
  {
    title: "the beginning cut off as if pruned, with no pruning",
    falsify(tx, entries) {
      const { organizationId, hash } = at(entries, 3);
      for (const { id } of entries.slice(0, 3)) tx.remove(ROOT, id);
      tx.patch(ROOT, headOf(tx, organizationId), { pruned: { seq: 3, hash, through: 3 } });
    },
    broken: { seq: 1, problem: "missing" },
  },
];

describe("an audit trail that was falsified in the database, on the embedded backend", () => {
  let folder: string;
  let deployment: Deployment;
  const callers = new Map<string, Caller>();

  beforeAll(async () => {
    folder = await copyTemplate();
    const chains = new Map<string, AuditEntry[]>();
    {
      await using writing = await deployOn(folder);
      for (const { title } of falsifications) {
        const { caller } = await (await createOrganization(writing)).join("owner");
        const { record } = await createKey(writing, caller);
        const target = { caller, keyId: record._id };
        await writing.call(internal.keys.disable, target);
        await writing.call(internal.keys.enable, target);
        await writing.call(internal.keys.revoke, { ...target, reason: "leaked" });
        const { items } = await writing.call(internal.audit.exportForCaller, { caller, cursor: null, limit: 10 });
        chains.set(title, items);
        callers.set(title, caller);
      }
    }
    {
      await using database = openDatabase(folder);
      using tx = database.begin();
      for (const { title, falsify } of falsifications) falsify(tx, chains.get(title) ?? []);
      tx.commit();
    }
    deployment = await deployOn(folder);
  });
  afterAll(async () => {
    await deployment[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(falsifications)("C9 E28 $title is told, and where", async ({ title, broken }) => {
    const report = await verifyInPages(title, 1000);
    expect(report).toEqual(broken);
    // What a page holds makes no difference to what is found.
    expect(await verifyInPages(title, 2)).toEqual(report);
    expect(await verifyInPages(title, 1)).toEqual(report);
  });

  async function verifyInPages(title: string, limit: number): Promise<Falsification["broken"]> {
    const caller = callers.get(title);
    if (caller === undefined) throw new Error(`nobody made ${title}`);
    let cursor: string | null = null;
    for (;;) {
      const page: { broken: Falsification["broken"]; nextCursor: string | null } = await deployment.call(
        internal.audit.verifyChain,
        { caller, cursor, limit },
      );
      if (page.broken !== null) return { seq: page.broken.seq, problem: page.broken.problem };
      if (page.nextCursor === null) return null;
      cursor = page.nextCursor;
    }
  }
});

function at(entries: AuditEntry[], seq: number): AuditEntry {
  const entry = entries[seq - 1];
  if (entry === undefined) throw new Error(`the chain has no entry ${seq}`);
  return entry;
}

/** An entry as its table holds it: people are elsewhere, and a reason that is null there is absent. */
function toRow(entry: AuditEntry) {
  const { id: _id, reason, ip: _ip, agent: _agent, subject: _subject, erased: _erased, ...rest } = entry;
  const { personSalt: _personSalt, subjectSalt: _subjectSalt, ...row } = rest;
  const { type, id } = entry.actor;
  return { ...row, actor: type === "user" ? { type, id } : entry.actor, ...(reason !== null && { reason }) };
}

/** The row with who did it. */
function partOf(tx: Transaction, { organizationId, seq }: AuditEntry): Document {
  const prefix = encodeKey([organizationId, seq]);
  const range = { lower: prefix, upper: afterPrefix(prefix) };
  for (const { document } of tx.scan(ROOT, "auditPersons", "by_entry", range, "asc")) return document;
  throw new Error(`the entry ${seq} tells of nobody`);
}

function patchPart(tx: Transaction, entry: AuditEntry, change: (row: JsonObject) => JsonObject): void {
  const { id, value } = partOf(tx, entry);
  tx.patch(ROOT, id, change(value));
}

function objectOf(value: unknown): JsonObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table's schema says so
  return value as JsonObject;
}

function headOf(tx: Transaction, organizationId: string): string {
  const prefix = encodeKey([organizationId]);
  const range = { lower: prefix, upper: afterPrefix(prefix) };
  for (const { document } of tx.scan(ROOT, "auditHeads", "by_organization", range, "asc")) return document.id;
  throw new Error("the chain has no head");
}
