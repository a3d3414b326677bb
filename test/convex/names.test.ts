import type { FunctionArgs } from "convex/server";
import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { NewKey } from "../../convex/model/keys/newKeys.ts";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { eventually, passTime, deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, listOf, refusalOf, verdictOn } from "./world.ts";
import type { Person } from "./world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Change = FunctionArgs<typeof internal.policy.update>["change"];

describe.each(engines)("E30: names of keys that a changed policy can bring back, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  const join = async (): Promise<Person> => await (await createOrganization(deployment)).join("owner");
  const update = async (person: Person, change: Change) =>
    await deployment.call(internal.policy.update, { caller: person.caller, change });
  const make = async (person: Person, name: string, more: Partial<NewKey> = {}) =>
    await createKey(deployment, person.caller, { name, ...more });
  const entriesOn = async (person: Person, targetId: string) =>
    (await auditOf(deployment, person)).filter((entry) => entry.targetId === targetId);

  test.each<[string, Change, Change]>([
    ["a maximum lifetime", { maxLifetimeMs: HOUR_MS }, { maxLifetimeMs: null }],
    ["the maximum of a role", { maxLifetimeMsByRole: { owner: HOUR_MS } }, { maxLifetimeMsByRole: {} }],
  ])("%s frees them, and whoever's name is given away stays dead", async (_rule, tighter, looser) => {
    const owner = await join();
    const [first, other] = [await make(owner, "shared"), await make(owner, "not taken")];
    passTime(2 * HOUR_MS);
    await update(owner, tighter);
    const second = await make(owner, "Shared");
    const entry = { action: "key.expire", actor: { type: "system" }, reason: "name taken", requestId: "request-1" };
    const [told] = await entriesOn(owner, first.record._id);
    expect(told).toMatchObject(entry);
    expect(JSON.parse(told?.before ?? "")).toEqual({ expiresAt: first.record.expiresAt });
    expect(JSON.parse(told?.after ?? "")).toEqual({ expiresAt: first.record.createdAt + HOUR_MS });
    await update(owner, looser);
    await eventually(async () => {
      const shown = (await listOf(deployment, owner)).map(({ _id }) => _id);
      expect(shown).toEqual([second.record._id, other.record._id]);
    });
    const verdicts = [
      await verdictOn(deployment, first.key),
      await verdictOn(deployment, second.key),
      await verdictOn(deployment, other.key),
    ];
    expect(verdicts).toEqual(["EXPIRED", "VALID", "VALID"]);
    expect(await refusalOf(make(owner, "shared"))).toBe("NAME_TAKEN");
  });

  test("a key that was to live for ever gives its name away like any other", async () => {
    const owner = await join();
    await update(owner, { neverExpiring: true, maxLifetimeMs: null });
    const first = await make(owner, "endless", { ownerKind: "service", expiresAt: null });
    expect(await refusalOf(make(owner, "endless", { ownerKind: "service" }))).toBe("NAME_TAKEN");
    await update(owner, { neverExpiring: false, defaultLifetimeMs: HOUR_MS });
    passTime(HOUR_MS);
    await make(owner, "endless", { ownerKind: "service" });
    await update(owner, { neverExpiring: true });
    expect(await verdictOn(deployment, first.key)).toBe("EXPIRED");
  });

  test("renaming takes a name as creating does, and a key may keep its own", async () => {
    const owner = await join();
    const first = await make(owner, "wanted");
    passTime(2 * HOUR_MS);
    const second = await make(owner, "before");
    const rename = async (name: string) =>
      await deployment.call(internal.keys.update, {
        caller: owner.caller,
        keyId: second.record._id,
        changes: { name },
      });
    expect(await refusalOf(rename("wanted"))).toBe("NAME_TAKEN");
    await update(owner, { maxLifetimeMs: HOUR_MS });
    await rename("wanted");
    await rename("WANTED");
    await update(owner, { maxLifetimeMs: null });
    expect([await verdictOn(deployment, first.key), await verdictOn(deployment, second.key)]).toEqual([
      "EXPIRED",
      "VALID",
    ]);
    expect((await entriesOn(owner, first.record._id)).map(({ reason }) => reason)).toEqual(["name taken", null]);
  });

  test("disuse frees them once every use must have been noted, and then for good", async () => {
    const owner = await join();
    await update(owner, { idleExpiryMs: HOUR_MS });
    const first = await make(owner, "idle");
    passTime(HOUR_MS);
    expect(await verdictOn(deployment, first.key)).toBe("EXPIRED");
    passTime(MINUTE_MS - 1);
    expect(await refusalOf(make(owner, "idle"))).toBe("NAME_TAKEN");
    passTime(1);
    const second = await make(owner, "idle");
    await update(owner, { idleExpiryMs: null });
    expect([await verdictOn(deployment, first.key), await verdictOn(deployment, second.key)]).toEqual([
      "EXPIRED",
      "VALID",
    ]);
    const { caller } = owner;
    const record = await deployment.call(internal.keys.getForCaller, { caller, keyId: first.record._id });
    expect(record.expiresAt).toBe(first.record.createdAt + HOUR_MS);
  });

  test("an owner has room again for as many keys as have died of disuse", async () => {
    const owner = await join();
    await update(owner, { idleExpiryMs: HOUR_MS, liveKeysPerOwner: 2 });
    await make(owner, "one");
    await make(owner, "two");
    passTime(HOUR_MS + MINUTE_MS - 1);
    expect(await refusalOf(make(owner, "three"))).toBe("KEY_LIMIT_REACHED");
    passTime(1);
    await make(owner, "three");
    await make(owner, "four");
    expect(await refusalOf(make(owner, "five"))).toBe("KEY_LIMIT_REACHED");
  });

  test("N5: an import that is refused takes no name away", async () => {
    const owner = await join();
    const first = await make(owner, "imported", { ownerKind: "service" });
    const importOne = async (name: string, hash: string) =>
      await deployment.call(internal.imports.insert, { caller: owner.caller, items: [importedKey(name, hash)] });
    await importOne("other", "hash-a");
    passTime(2 * HOUR_MS);
    await update(owner, { maxLifetimeMs: HOUR_MS });
    expect(await importOne("imported", "hash-a")).toMatchObject([{ outcome: "refused", code: "CONFLICT" }]);
    await update(owner, { maxLifetimeMs: null });
    expect(await verdictOn(deployment, first.key)).toBe("VALID");
    await update(owner, { maxLifetimeMs: HOUR_MS });
    expect(await importOne("imported", "hash-b")).toMatchObject([{ outcome: "created" }]);
    await update(owner, { maxLifetimeMs: null });
    expect(await verdictOn(deployment, first.key)).toBe("EXPIRED");
  });

  // The other engine runs one after the other, always in the same order.
  const raced = engine.name === "embedded backend";
  test.runIf(raced)("H6: taking a name and loosening the policy at once leaves one live key of that name", async () => {
    const owner = await join();
    let taken = 0;
    const ROUNDS = 82;
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `raced ${round}`;
      const first = await make(owner, name, { ownerKind: "service" });
      passTime(HOUR_MS);
      await update(owner, { maxLifetimeMs: HOUR_MS });
      // Now the one is ahead and now the other, so that they meet in every part, however quick the machine is.
      const lead = (round % 41) - 20;
      const take = async () => {
        await wait(-lead);
        return await refusalOf(make(owner, name, { ownerKind: "service" }));
      };
      const loosen = async () => {
        await wait(lead);
        await update(owner, { maxLifetimeMs: null });
      };
      const [refusal] = await Promise.all([take(), loosen()]);
      expect(await verdictOn(deployment, first.key)).toBe(refusal === null ? "EXPIRED" : "VALID");
      if (refusal === null) taken += 1;
      else expect(refusal).toBe("NAME_TAKEN");
    }
    // Some came before and some after, or nothing was raced.
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(ROUNDS);
  });
});

async function wait(durationMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, durationMs)));
}

function importedKey(name: string, hash: string) {
  return {
    name,
    ownerKind: "service" as const,
    hash: { algorithm: "sha256-base64url" as const, value: sha256Base64Url(hash) },
    foreignPrefix: "acme-",
    start: "acme-1234",
    keyIdText: hash,
  };
}
