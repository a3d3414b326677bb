import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Transaction } from "../../backend/database/database.ts";
import { openDatabase } from "../../backend/database/open-database.ts";
import { internal } from "../../convex/_generated/api.js";
import { toExportText } from "../../convex/api/auditExport.ts";
import type { AuditEntry, AuditPage } from "../../convex/model/audit/lists.ts";
import type { ChainReport } from "../../convex/model/audit/verification.ts";
import { AUDIT_FORMAT, entryHash, partDigest } from "../../convex/shared/auditChain.ts";
import { copyTemplate } from "../helpers/template.ts";
import { deployOn } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createOrganization } from "./world.ts";
import type { Person } from "./world.ts";

const ROOT = "";
const DAY_MS = 24 * 60 * 60 * 1000;
const OLD = 2_500;
const TOTAL = 5_000;

describe("an audit trail of thousands of entries, on the embedded backend", () => {
  let folder: string;
  let deployment: Deployment;
  let owner: Person;
  let left: Person;

  beforeAll(async () => {
    folder = await copyTemplate();
    let begun: AuditEntry[];
    {
      await using writing = await deployOn(folder);
      const organization = await createOrganization(writing);
      owner = await organization.join("owner");
      left = await organization.join("admin");
      await organization.setRole(left, null);
      begun = (await writing.call(internal.audit.exportForCaller, { caller: owner.caller, cursor: null, limit: 10 }))
        .items;
    }
    {
      await using database = openDatabase(folder);
      using tx = database.begin();
      replaceTrail(tx, begun, left);
      tx.commit();
    }
    deployment = await deployOn(folder);
  });
  afterAll(async () => {
    await deployment[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function verifyAll(): Promise<ChainReport & { pages: number }> {
    const sum = { checked: 0, erased: 0, pages: 0 };
    for (let cursor: string | null = null; ;) {
      const page: ChainReport = await deployment.call(internal.audit.verifyChain, {
        caller: owner.caller,
        cursor,
        limit: 1_000_000,
      });
      sum.checked += page.checked;
      sum.erased += page.erased;
      sum.pages += 1;
      cursor = page.nextCursor;
      if (cursor === null) return { ...page, ...sum };
    }
  }

  async function exportAll(): Promise<AuditEntry[]> {
    const all: AuditEntry[] = [];
    for (let cursor: string | null = null; ;) {
      const page: AuditPage = await deployment.call(internal.audit.exportForCaller, {
        caller: owner.caller,
        cursor,
        limit: 1_000_000,
      });
      expect(page.items.length).toBeLessThanOrEqual(1000);
      all.push(...page.items);
      cursor = page.nextCursor;
      if (cursor === null) return all;
    }
  }

  test("C9 verifies in pages of a thousand, whatever is asked for, to the end", async () => {
    expect(await verifyAll()).toMatchObject({ checked: TOTAL, broken: null, last: { seq: TOTAL }, pages: 6 });
  });

  test("C9 is exported whole: each entry once, with its people, as JSON lines and as CSV", async () => {
    const all = await exportAll();
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: TOTAL }, (_none, index) => index + 1));
    expect(all.every(({ actor }) => /^=name \d+$/.test(actor.name))).toBe(true);
    expect(toExportText(all, "jsonl", true).trimEnd().split("\n")).toHaveLength(TOTAL);
    const rows = toExportText(all, "csv", true).trimEnd().split("\r\n");
    expect(rows).toHaveLength(TOTAL + 1);
    expect(rows.slice(1).every((row) => row.includes(",'=name "))).toBe(true);
  });

  test("C9 a list with filters that hardly anything meets looks at a bounded stretch and goes on from there", async () => {
    const found: AuditEntry[] = [];
    let pages = 0;
    for (let cursor: string | null = null; ;) {
      const page: AuditPage = await deployment.call(internal.audit.listForCaller, {
        caller: owner.caller,
        filter: { actorId: left.userId, action: "key.revoke" },
        cursor,
        limit: 50,
      });
      found.push(...page.items);
      pages += 1;
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    expect(found.map(({ seq }) => seq)).toEqual([7]);
    expect(pages).toBeGreaterThan(1);
  });

  test("E28 a person in thousands of entries is erased to the last, in the background", async () => {
    const erased = await deployment.call(internal.audit.erasePerson, { caller: owner.caller, userId: left.userId });
    expect(erased).toEqual({ erased: 200, done: false });
    await expect.poll(async () => (await verifyAll()).erased, { timeout: 60_000 }).toBe(TOTAL / 2);
    expect(await verifyAll()).toMatchObject({ checked: TOTAL + 1, broken: null });
    expect((await exportAll()).filter(({ actor }) => actor.name.startsWith("erased user"))).toHaveLength(TOTAL / 2);
  }, 90_000);

  test("E29 thousands of old entries go in the background, and nothing else", async () => {
    const prune = { organizationId: owner.caller.organizationId, before: Date.now() - 40 * DAY_MS };
    const plan = { count: OLD, through: OLD };
    expect(await deployment.call(internal.audit.prune, { ...prune, dryRun: true })).toMatchObject(plan);
    expect(await deployment.call(internal.audit.prune, prune)).toEqual({ ...plan, done: false });
    await expect.poll(async () => (await verifyAll()).pruned, { timeout: 60_000 }).toBe(OLD);
    expect(await verifyAll()).toMatchObject({ checked: TOTAL + 2 - OLD, erased: (TOTAL - OLD) / 2, broken: null });
    expect((await exportAll())[0]?.seq).toBe(OLD + 1);
  }, 90_000);
});

/** Puts a chain of many entries, each second one by `other`, in the place of the trail that the organization has. */
function replaceTrail(tx: Transaction, begun: readonly AuditEntry[], other: Person): void {
  const [first, last] = [begun[0], begun.at(-1)];
  if (first === undefined || last === undefined) throw new Error("the trail has no beginning");
  for (const { id } of begun) tx.remove(ROOT, id);
  let previousHash = first.previousHash;
  const { organizationId } = first;
  for (let seq = 1; seq <= TOTAL; seq += 1) {
    const id = seq % 2 === 0 ? "somebody" : other.userId;
    const part = { name: `=name ${seq}`, ip: "192.0.2.7", agent: "a test" };
    const salt = seq.toString(16).padStart(32, "0");
    const entry = {
      format: AUDIT_FORMAT,
      organizationId,
      at: Date.now() - (seq <= OLD ? 60 : 20) * DAY_MS + seq,
      actor: { type: "user", id },
      personId: id,
      personDigest: partDigest(salt, part),
      subjectDigest: null,
      action: seq === 7 ? "key.revoke" : "key.update",
      targetKind: "key",
      targetId: `key ${seq % 100}`,
      before: null,
      after: JSON.stringify({ seq }),
      requestId: `request-${seq}`,
      seq,
      previousHash,
    };
    previousHash = entryHash({ ...entry, reason: null });
    tx.insert(ROOT, "audit", { ...entry, hash: previousHash });
    tx.insert(ROOT, "auditPersons", { organizationId, seq, personId: id, salt, part });
  }
  tx.patch(ROOT, headOf(tx), { seq: TOTAL, hash: previousHash });
}

/** The only organization's. */
function headOf(tx: Transaction): string {
  for (const { document } of tx.scan(ROOT, "auditHeads", "by_organization", EVERYTHING, "asc")) return document.id;
  throw new Error("the chain has no head");
}

const EVERYTHING = { lower: "", upper: "\u00ff" };
