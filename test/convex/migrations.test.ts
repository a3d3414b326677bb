import { describe, expect, test } from "vitest";
import { components, internal } from "../../convex/_generated/api.js";
import type { Deployment } from "./engines.ts";
import { openFolder, openInProcess } from "./old-store.ts";
import type { OldStore } from "./old-store.ts";
import { createKey, createOrganization } from "./world.ts";

// Four batches, the last one short.
const KEYS = 350;
const BATCH = 100;
const CHOSEN = 1_700_000_000_000;

const stores: readonly { name: string; open(): Promise<OldStore> }[] = [
  { name: "convex-test", open: async () => openInProcess() },
  { name: "embedded backend", open: openFolder },
];

describe.each(stores)("migrations on $name", (kind) => {
  test("E32 H1: on a fresh store all are done at once", async () => {
    await using store = await kind.open();
    await store.run(async (deployment) => {
      await start(deployment);
      const all = await deployment.call(internal.migrations.status, {});
      expect(all).toContainEqual({ name: "migrations:keysExpirySetAt", state: "success", processed: 0 });
      expect(all.filter(({ state }) => state !== "success")).toEqual([]);
    });
  });

  test("E32 H1 H21 T1: a filled store is migrated row by row, and running everything again changes nothing", async () => {
    await using store = await kind.open();
    await fillWithOldKeys(store);
    const before = await store.keys();
    expect(before.filter(({ expirySetAt }) => expirySetAt === undefined)).toHaveLength(KEYS - 1);

    await store.run(async (deployment) => {
      await start(deployment);
      expect(await ended(deployment)).toEqual({ state: "success", processed: KEYS });
    });
    const migrated = before.map((key) => Object.assign(key, { expirySetAt: key.expirySetAt ?? key.createdAt }));
    expect(await store.keys()).toEqual(migrated);

    await store.run(async (deployment) => {
      await start(deployment);
      expect(await ended(deployment)).toEqual({ state: "success", processed: KEYS });
      // Over every row once more, as if nobody knew that it has run.
      await start(deployment, { reset: true });
      expect(await ended(deployment)).toEqual({ state: "success", processed: KEYS });
    });
    expect(await store.keys()).toEqual(migrated);
  });
});

test("E32: stopped in the middle, a migration goes on where it was, on convex-test", async () => {
  await using store = openInProcess();
  await fillWithOldKeys(store);
  const { t, deployment } = store;
  await start(deployment);
  // The first batch is done and the second is waiting for its turn.
  const cancel = { name: "migrations:keysExpirySetAt" };
  await t.run(async (ctx) => await ctx.runMutation(components.migrations.lib.cancel, cancel));
  expect(await ended(deployment)).toEqual({ state: "canceled", processed: BATCH });
  expect(await countDone(store)).toBe(BATCH);

  await start(deployment);
  expect(await ended(deployment)).toEqual({ state: "success", processed: KEYS });
  expect(await countDone(store)).toBe(KEYS);
});

test("E32: failed in the middle, a migration says so, keeps whole batches, and the next start goes on there, on the embedded backend", async () => {
  await using store = await openFolder();
  await fillWithOldKeys(store);
  const broken = (await store.keys())[2 * BATCH + 50];
  if (broken === undefined) throw new Error("no such row");
  await store.patch(broken._id, { version: "no number" });

  await store.run(async (deployment) => {
    expect(await ended(deployment)).toMatchObject({
      state: "failed",
      processed: 2 * BATCH,
      error: expect.stringContaining("version"),
    });
  });
  expect(await countDone(store)).toBe(2 * BATCH);

  await store.patch(broken._id, { version: broken.version });
  await store.run(async (deployment) => {
    expect(await ended(deployment)).toEqual({ state: "success", processed: KEYS });
  });
  expect(await countDone(store)).toBe(KEYS);
});

async function start(deployment: Deployment, options: { reset?: boolean } = {}): Promise<void> {
  await deployment.call(internal.migrations.runAll, options);
}

/** Waits until no batch is to come, and tells how the migration of keys ended. */
async function ended(deployment: Deployment) {
  const current = async () => {
    const all = await deployment.call(internal.migrations.status, {});
    const { name: _name, ...progress } = all.find(({ name }) => name === "migrations:keysExpirySetAt") ?? {};
    return progress;
  };
  await expect.poll(current).not.toMatchObject({ state: "inProgress" });
  return await current();
}

/** Keys as they were stored before the field was there, but for one, whose expiry somebody has chosen anew since. */
async function fillWithOldKeys(store: OldStore): Promise<void> {
  await store.run(async (deployment) => {
    const organization = await createOrganization(deployment);
    await createKey(deployment, (await organization.join("owner")).caller);
  });
  const [made] = await store.keys();
  if (made === undefined) throw new Error("no key was made");
  const { _id, _creationTime, expirySetAt: _expirySetAt, ...row } = made;
  const old = Array.from({ length: KEYS - 1 }, (_, index) => ({
    ...row,
    name: `old ${index}`,
    nameKey: `old ${index}`,
    createdAt: row.createdAt - index,
  }));
  await store.replaceKeys([{ ...row, expirySetAt: CHOSEN }, ...old]);
}

async function countDone(store: OldStore): Promise<number> {
  return (await store.keys()).filter(({ expirySetAt }) => expirySetAt !== undefined).length;
}
