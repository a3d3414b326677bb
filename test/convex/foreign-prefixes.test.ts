import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { eventually, passTime, deployAtStoppedClock } from "./clock.ts";
import { engines, openConvexTest } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createOrganization, verify } from "./world.ts";
import type { Person } from "./world.ts";

let counter = 0;

/** A key of another system, and what of it is imported. */
function foreignKey(prefix: string) {
  counter += 1;
  const key = `${prefix}${String(counter).padStart(8, "0")}-${"s3cret".repeat(5)}`;
  const hash = { algorithm: "sha256-base64url" as const, value: sha256Base64Url(key) };
  const start = key.slice(0, prefix.length + 4);
  const item = { name: `imported ${counter}`, ownerKind: "service" as const, hash, foreignPrefix: prefix, start };
  return { key, item: { ...item, keyIdText: `imported${counter}` } };
}

async function importAll(deployment: Deployment, { caller }: Person, ...prefixes: string[]) {
  const keys = prefixes.map(foreignKey);
  const results = await deployment.call(internal.imports.insert, { caller, items: keys.map(({ item }) => item) });
  return keys.map(({ key }, index) => {
    const result = results[index];
    return { key, keyId: result?.outcome === "created" ? result.view._id : null };
  });
}

async function importOne(deployment: Deployment, person: Person, prefix: string) {
  const [imported] = await importAll(deployment, person, prefix);
  if (imported?.keyId == null) throw new Error(`${prefix} was not imported`);
  return { key: imported.key, keyId: imported.keyId };
}

describe.each(engines)("N5: beginnings of imported keys, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  const join = async (): Promise<Person> => await (await createOrganization(deployment)).join("owner");
  const registered = async () => await deployment.call(internal.imports.prefixes, {});
  const purge = async ({ caller }: Person, keyId: string) => {
    await deployment.call(internal.keys.revoke, { caller, keyId });
    await deployment.call(internal.keys.remove, { caller, keyId });
  };

  test("go with the last key that begins so, and not before", async () => {
    const owner = await join();
    const [first, second] = [await importOne(deployment, owner, "last-"), await importOne(deployment, owner, "last-")];
    const other = await importOne(deployment, owner, "other-");
    expect(await registered()).toEqual(expect.arrayContaining(["last-", "other-"]));
    await purge(owner, first.keyId);
    expect(await registered()).toContain("last-");
    expect((await verify(deployment, second.key))?.keyId).toBe(second.keyId);
    await deployment.call(internal.keys.revoke, { caller: owner.caller, keyId: second.keyId });
    // A revoked one still answers that it is: it is named to who shows it.
    expect(await registered()).toContain("last-");
    await purge(owner, second.keyId);
    expect(await registered()).not.toContain("last-");
    expect(await registered()).toContain("other-");
    expect((await verify(deployment, other.key))?.keyId).toBe(other.keyId);
    const again = await importOne(deployment, owner, "last-");
    expect(await registered()).toContain("last-");
    await purge(owner, again.keyId);
    await purge(owner, other.keyId);
  });

  test("stay for another organization that has them too", async () => {
    const [one, two] = [await join(), await join()];
    const [own, others] = [await importOne(deployment, one, "both-"), await importOne(deployment, two, "both-")];
    await purge(one, own.keyId);
    expect(await registered()).toContain("both-");
    await purge(two, others.keyId);
    expect(await registered()).not.toContain("both-");
  });

  test("go when the key is rotated into our own format, once its old secret works no more", async () => {
    const owner = await join();
    const { caller } = owner;
    const [at, later, cut] = [
      await importOne(deployment, owner, "at-once-"),
      await importOne(deployment, owner, "later-"),
      await importOne(deployment, owner, "cut-"),
    ];
    await deployment.call(internal.credentials.rotate, { caller, keyId: at.keyId, graceMs: 0 });
    expect(await registered()).not.toContain("at-once-");
    for (const { keyId } of [later, cut]) {
      await deployment.call(internal.credentials.rotate, { caller, keyId, graceMs: 60_000 });
    }
    expect(await registered()).toEqual(expect.arrayContaining(["later-", "cut-"]));
    await deployment.call(internal.keys.endGrace, { caller, keyId: cut.keyId });
    expect(await registered()).not.toContain("cut-");
    passTime(60_000);
    await deployment.call(internal.keys.dropSpentSecrets, { keyId: later.keyId });
    expect(await registered()).not.toContain("later-");
  });

  test("make room for others: an organization has sixteen at a time", async () => {
    const owner = await join();
    const names = Array.from({ length: 16 }, (_, index) => `room${index}-`);
    const imported = await importAll(deployment, owner, ...names);
    expect(imported.every(({ keyId }) => keyId !== null)).toBe(true);
    expect(await importAll(deployment, owner, "full-")).toMatchObject([{ keyId: null }]);
    await purge(owner, imported[3]?.keyId ?? "");
    await importOne(deployment, owner, "full-");
    expect(await importAll(deployment, owner, "room3-")).toMatchObject([{ keyId: null }]);
  });

  test("E29: go with keys that retention deletes", async () => {
    const owner = await join();
    const { caller } = owner;
    const { keyId } = await importOne(deployment, owner, "kept-");
    await deployment.call(internal.keys.revoke, { caller, keyId });
    passTime(1_000);
    await deployment.call(internal.retention.sweepKeys, {
      organizationId: caller.organizationId,
      before: Date.now(),
    });
    await eventually(async () => expect(await registered()).not.toContain("kept-"));
  });
});

test("E32: a beginning from before its secrets were counted stays, as keys may begin so that nobody counted", async () => {
  const { t, deployment } = openConvexTest();
  const owner = await (await createOrganization(deployment)).join("owner");
  const { organizationId } = owner.caller;
  await t.run(async (ctx) => await ctx.db.insert("foreignPrefixes", { organizationId, prefix: "old-" }));
  const { keyId } = await importOne(deployment, owner, "old-");
  await deployment.call(internal.keys.revoke, { caller: owner.caller, keyId });
  await deployment.call(internal.keys.remove, { caller: owner.caller, keyId });
  expect(await deployment.call(internal.imports.prefixes, {})).toEqual(["old-"]);
  expect(await deployment.rows("foreignSecrets")).toEqual([]);
});
