import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FunctionArgs } from "convex/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { loadSecrets } from "../../server/data-folder.ts";
import { runAsAdmin } from "../../server/deployment-admin.ts";
import { internal } from "../../convex/_generated/api.js";
import { DAY_MS } from "../../convex/shared/limits.ts";
import { deployOn } from "../convex/engines.ts";
import { createKey, createOrganization } from "../convex/world.ts";
import type { Organization, Person } from "../convex/world.ts";
import { startLatchkeyProcess } from "../helpers/latchkey-process.ts";
import { copyKey, readRows } from "../helpers/many-keys.ts";
import type { Copy } from "../helpers/many-keys.ts";
import { copyTemplate } from "../helpers/template.ts";

const COUNT = Number(process.env.LATCHKEY_SWEEP_KEYS ?? 2_000);
const MODEL = "model";
// Every hundredth is not to be touched.
const isSpared = (index: number) => index % 100 === 99;
const TOUCHED = COUNT - COUNT / 100;
const FIVE_DAYS_AGO = Date.now() - 5 * DAY_MS;
const FAR = Date.now() + 20 * DAY_MS;

type PolicyChange = FunctionArgs<typeof internal.policy.update>["change"];

const Heads = z.object({ page: z.array(z.object({ seq: z.number() })) });
const Report = z.object({ broken: z.unknown(), nextCursor: z.string().nullable() });
const Note = z.object({ url: z.string() });

let folder: string;
beforeEach(async () => {
  folder = await copyTemplate();
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

describe("E29 E32: a sweep over thousands of keys goes on by itself where kill -9 has stopped it", () => {
  test("the one that deletes dead keys: none is left and none is told of twice", async () => {
    const died = Date.now() - 3 * DAY_MS;
    const owner = await fill({ deadKeyRetentionMs: 2 * DAY_MS }, (index) => ({
      key: { ended: true, createdAt: died, revokedAt: isSpared(index) ? Date.now() : died },
      usage: { settled: true },
    }));
    await killInTheMiddle(owner, { path: "retention:sweep", told: TOUCHED }, async () => {
      // Each transaction deletes twenty keys at most, and those wholly or not at all.
      const left = (await readRows(folder, "keys")).length;
      expect((COUNT + 1 - left) % 20).toBe(0);
      for (const table of ["apikey", "keyUsage"]) expect(await readRows(folder, table)).toHaveLength(left);
      expect(await toldOf("key.delete", "retention")).toHaveLength(COUNT + 1 - left);
    });
    for (const table of ["keys", "apikey", "keyUsage"]) {
      expect(await readRows(folder, table)).toHaveLength(COUNT + 1 - TOUCHED);
    }
    const told = await toldOf("key.delete", "retention");
    expect([told.length, new Set(told).size]).toEqual([TOUCHED, TOUCHED]);
  });

  test("the one that ends keys that nobody uses, each as of when it was last used", async () => {
    const owner = await fill({ idleExpiryMs: 2 * DAY_MS }, (index) => ({
      key: { createdAt: index % 2 === 0 ? signOf(index) : FIVE_DAYS_AGO, expiresAt: FAR },
      usage: { lastUsedAt: isSpared(index) ? Date.now() : index % 2 === 0 ? null : signOf(index) },
    }));
    await killInTheMiddle(owner, { path: "policy:sweep", told: TOUCHED }, async () => {
      const ended = (await readRows(folder, "keys")).filter((key) => key["ended"] === true);
      const settled = (await readRows(folder, "keyUsage")).filter((usage) => usage["settled"] === true);
      // Twenty-five at most, of which the first has looked at the key that is in use, too.
      expect((ended.length + 1) % 25).toBe(0);
      expect(settled).toHaveLength(ended.length);
      expect(await toldOf("key.expire", "idle")).toHaveLength(ended.length);
    });
    for (const { name, expiresAt, ended } of await readRows(folder, "keys")) {
      const index = name === MODEL ? COUNT - 1 : Number(/\d+$/.exec(z.string().parse(name))?.[0]);
      if (isSpared(index)) expect([name, ended]).toEqual([name, false]);
      else expect([name, ended, expiresAt]).toEqual([name, true, signOf(index) + 2 * DAY_MS]);
    }
    const told = await toldOf("key.expire", "idle");
    expect([told.length, new Set(told).size]).toEqual([TOUCHED, TOUCHED]);
  });

  test("E11: the one that hands over the keys of a member who left, each once", async () => {
    let leaver = "";
    const owner = await fill(
      {},
      () => ({ key: {}, usage: {} }),
      async (organization) => {
        const person = await organization.join("developer");
        leaver = person.userId;
        return person;
      },
    );
    const leaving = { path: "members:remove", args: { caller: owner.caller, memberId: leaver }, told: COUNT + 2 };
    await killInTheMiddle(owner, leaving, async () => {
      const handedOver = await keysOf(owner.userId);
      expect(handedOver % 25).toBe(0);
      expect(await toldOf("key.update", "owner left")).toHaveLength(handedOver);
    });
    expect([await keysOf(leaver), await keysOf(owner.userId)]).toEqual([0, COUNT + 1]);
    expect(new Set(await toldOf("key.update", "owner left")).size).toBe(COUNT + 1);
  });
});

/** When the n-th copy gave its last sign of life: of every second one, its creation. */
function signOf(index: number): number {
  return FIVE_DAYS_AGO + index;
}

type Choice = (organization: Organization, owner: Person) => Promise<Person>;
const theOwner: Choice = async (_organization, owner) => owner;

/** Thousands of service keys and one of one organization, whose first is a plain one. `choose` says who answers for them. */
async function fill(change: PolicyChange, toCopy: (index: number) => Copy, choose = theOwner): Promise<Person> {
  const owner = await found(change, choose);
  await copyKey(folder, COUNT, toCopy);
  return owner;
}

async function found(change: PolicyChange, choose: Choice): Promise<Person> {
  await using deployment = await deployOn(folder);
  const organization = await createOrganization(deployment);
  const owner = await organization.join("owner");
  await deployment.call(internal.policy.update, { caller: owner.caller, change });
  const { userId: ownerUserId } = await choose(organization, owner);
  await createKey(deployment, owner.caller, { name: MODEL, ownerKind: "service", ownerUserId });
  return owner;
}

/** What begins a sweep, and how many entries it makes to its end. */
type Sweep = { path: string; args?: Record<string, unknown>; told: number };

/** Starts the sweep, kills the process, looks at what it left, and lets another one come to the end without being asked. */
async function killInTheMiddle(
  { caller }: Person,
  { path, args = {}, told }: Sweep,
  look: () => Promise<void>,
): Promise<void> {
  let begun: number;
  {
    await using latchkey = startLatchkeyProcess(["--port", "0", "--data", folder]);
    await latchkey.ready();
    begun = await entries();
    await call("mutation", path, args);
    while ((await entries()) < begun + told / 5) await new Promise((resolve) => setTimeout(resolve, 5));
    latchkey.child.kill("SIGKILL");
    expect(await latchkey.ended()).toBe("SIGKILL");
  }
  await look();
  await using latchkey = startLatchkeyProcess(["--port", "0", "--data", folder]);
  await latchkey.ready();
  while ((await entries()) < begun + told) await new Promise((resolve) => setTimeout(resolve, 20));
  let cursor: string | null = null;
  do {
    const page = Report.parse(await call("query", "audit:verifyChain", { caller, cursor, limit: 1_000 }));
    expect(page.broken).toBeNull();
    cursor = page.nextCursor;
  } while (cursor !== null);
  latchkey.child.kill("SIGTERM");
  expect(await latchkey.ended()).toBe(0);
}

/** How many entries the only organization's trail has. */
async function entries(): Promise<number> {
  const args = { table: "auditHeads", paginationOpts: { cursor: null, numItems: 1 } };
  return Heads.parse(await call("query", "_system/cli/tableData:default", args)).page[0]?.seq ?? 0;
}

async function call(kind: "query" | "mutation", path: string, args: Record<string, unknown>): Promise<unknown> {
  const { url } = Note.parse(JSON.parse(await readFile(join(folder, "backend.json"), "utf8")));
  return await runAsAdmin({ cloudUrl: new URL(url), adminKey: loadSecrets(folder).adminKey }, kind, path, args);
}

/** The keys that the trail says this of, with each time that it does. */
async function toldOf(action: string, reason: string): Promise<unknown[]> {
  const entriesOfIt = (await readRows(folder, "audit")).filter(
    (entry) => entry["action"] === action && entry["reason"] === reason,
  );
  return entriesOfIt.map((entry) => entry["targetId"]);
}

/** For how many keys somebody answers. */
async function keysOf(userId: string): Promise<number> {
  return (await readRows(folder, "keys")).filter((key) => key["ownerUserId"] === userId).length;
}
