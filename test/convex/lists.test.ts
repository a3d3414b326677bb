import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { KeyFilter } from "../../convex/model/keys/lists.ts";
import { DAY_MS } from "../../convex/shared/limits.ts";
import { Dice } from "../helpers/dice.ts";
import { passTime, deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, listOf, refusalOf } from "./world.ts";
import type { Person } from "./world.ts";

type Page = { items: { _id: string; _creationTime: number; name: string }[]; nextCursor: string | null };

describe.each(engines)("lists of keys on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  const found = async () => await (await createOrganization(deployment)).join("owner");
  async function page(
    person: Person,
    { filter = {}, cursor = null, limit = 10, at = Date.now() }: Partial<Wish> = {},
  ): Promise<Page> {
    const args = { caller: person.caller, includeDead: false, filter, cursor, limit, at };
    return await deployment.call(internal.keys.listForCaller, args);
  }
  const names = async (person: Person, filter: KeyFilter, at = Date.now()) =>
    (await page(person, { filter, at })).items.map(({ name }) => name);

  test.each([1, 2, 3])(
    "E26: whatever comes, goes and changes between two pages, what stays is seen once (seed %d)",
    async (seed) => {
      const dice = new Dice(seed);
      const person = await found();
      const make = async () => (await createKey(deployment, person.caller, { ownerKind: "service" })).record._id;
      const staying = new Set<string>();
      for (let index = 0; index < 20; index += 1) staying.add(await make());
      const seen: Page["items"] = [];
      let cursor: string | null = null;
      do {
        const next: Page = await page(person, { cursor, limit: 1 + dice.below(4) });
        seen.push(...next.items);
        cursor = next.nextCursor;
        for (let change = dice.below(3); change > 0; change -= 1) {
          const keyId = dice.pick([...staying]);
          const target = { caller: person.caller, keyId };
          const what = dice.below(4);
          if (what === 0) await make();
          if (what === 1)
            await deployment.call(internal.keys.update, { ...target, changes: { tags: [String(change)] } });
          if (what === 2) await deployment.call(internal.keys.disable, target);
          if (what === 3) {
            staying.delete(keyId);
            await deployment.call(dice.chance(0.5) ? internal.keys.revoke : internal.keys.expire, target);
          }
        }
      } while (cursor !== null);
      const ids = seen.map(({ _id }) => _id);
      expect(new Set(ids).size).toBe(ids.length);
      expect([...staying].filter((keyId) => !ids.includes(keyId))).toEqual([]);
      const times = seen.map(({ _creationTime }) => _creationTime);
      expect(times).toEqual(times.toSorted((left, right) => right - left));
    },
  );

  test("H14: every status can be asked for, and is told as it is at that moment", async () => {
    const person = await found();
    const make = async (name: string, more: object = {}) =>
      (await createKey(deployment, person.caller, { name, ownerKind: "service", ...more })).record._id;
    const act = async (verb: "revoke" | "expire" | "disable", keyId: string) =>
      await deployment.call(internal.keys[verb], { caller: person.caller, keyId });
    await make("active");
    await make("expiring", { expiresAt: Date.now() + 6 * DAY_MS });
    await make("later", { notBefore: Date.now() + DAY_MS });
    await act("disable", await make("disabled"));
    await act("expire", await make("expired"));
    await act("revoke", await make("revoked"));
    for (const [status, name] of [
      ["active", "active"],
      ["expiring", "expiring"],
      ["not-yet-valid", "later"],
      ["disabled", "disabled"],
      ["expired", "expired"],
      ["revoked", "revoked"],
    ] as const) {
      expect(await names(person, { statuses: [status] })).toEqual([name]);
    }
    expect(await names(person, { statuses: ["revoked", "active"] })).toEqual(["revoked", "active"]);
    // E27: nothing is written, and yet each has turned.
    const later = Date.now() + 7 * DAY_MS;
    expect(await names(person, { statuses: ["not-yet-valid"] }, later)).toEqual([]);
    expect(await names(person, { statuses: ["expired"] }, later)).toEqual(["expired", "expiring"]);
    expect(await names(person, {}, later)).toEqual(["disabled", "later", "active"]);
  });

  test("C8: a list hides the dead, also those that a tightened policy ended", async () => {
    const person = await found();
    await createKey(deployment, person.caller, { name: "long", expiresAt: Date.now() + 300 * DAY_MS });
    await createKey(deployment, person.caller, { name: "short", expiresAt: Date.now() + DAY_MS });
    const shown = async () => await names(person, {}, Date.now() + 2 * DAY_MS);
    expect(await shown()).toEqual(["long"]);
    const change = { maxLifetimeMs: DAY_MS, defaultLifetimeMs: DAY_MS };
    await deployment.call(internal.policy.update, { caller: person.caller, change });
    expect(await shown()).toEqual([]);
    expect(await names(person, { statuses: ["expired"] }, Date.now() + 2 * DAY_MS)).toEqual(["short", "long"]);
  });

  test("E30 H7: a key that a tightened policy ended has freed its name and its place", async () => {
    const person = await found();
    const { record } = await createKey(deployment, person.caller, {
      name: "only",
      expiresAt: Date.now() + 300 * DAY_MS,
    });
    const change = { maxLifetimeMs: DAY_MS, defaultLifetimeMs: DAY_MS, liveKeysPerOwner: 1 };
    await deployment.call(internal.policy.update, { caller: person.caller, change });
    expect(await refusalOf(createKey(deployment, person.caller, { name: "only" }))).toBe("NAME_TAKEN");
    expect(await refusalOf(createKey(deployment, person.caller, { name: "other" }))).toBe("KEY_LIMIT_REACHED");
    passTime(2 * DAY_MS);
    const again = await createKey(deployment, person.caller, { name: "only" });
    const target = { caller: person.caller, keyId: record._id, changes: { expiresAt: Date.now() + DAY_MS } };
    expect(await refusalOf(deployment.call(internal.keys.update, target))).toBe("CONFLICT");
    expect(await refusalOf(createKey(deployment, person.caller, { name: "other" }))).toBe("KEY_LIMIT_REACHED");
    expect((await listOf(deployment, person, { search: "only" })).map(({ _id }) => _id)).toContain(again.record._id);
  });

  test("text is found in name, description, tags and public part", async () => {
    const person = await found();
    const { record } = await createKey(deployment, person.caller, {
      name: "Nightly",
      description: "Copies Invoices to the archive",
      tags: ["Finance"],
    });
    for (const search of ["nightly", "invoices", "FINANCE", record.start, record.last4]) {
      expect(await names(person, { search })).toEqual(["Nightly"]);
      expect((await listOf(deployment, person, { search })).map(({ name }) => name)).toEqual(["Nightly"]);
    }
    expect(await names(person, { search: "unheard of" })).toEqual([]);
  });

  test("C3: a key is found by all of its name, as names are compared, and by whose it is", async () => {
    const organization = await createOrganization(deployment);
    const [person, other] = [await organization.join("owner"), await organization.join("developer")];
    for (const name of ["CI", "CI two", "ｃｉ  three"]) await createKey(deployment, person.caller, { name });
    await createKey(deployment, person.caller, { name: "ci", ownerKind: "service", ownerUserId: other.userId });
    const { record } = await createKey(deployment, other.caller, { name: "ci" });
    expect(await names(person, { name: "ci" })).toEqual(["ci", "ci", "CI"]);
    expect(await names(person, { name: " CI  Three " })).toEqual(["ｃｉ  three"]);
    expect(await names(person, { name: "c" })).toEqual([]);
    expect(await names(person, { name: "" })).toEqual([]);
    expect(await names(person, { name: "ci", ownerUserId: "me" })).toEqual(["CI"]);
    expect(await names(other, { ownerUserId: "me" })).toEqual(["ci", "ci"]);
    // Whose keys stop when the member goes.
    const stopping = { ownerUserId: other.userId, ownerKind: "personal" as const };
    expect((await page(person, { filter: stopping })).items).toMatchObject([{ _id: record._id }]);
    expect(await names(person, { ownerUserId: other.userId, ownerKind: "service" })).toEqual(["ci"]);
    expect(await names(person, { name: "ci", ownerUserId: "nobody" })).toEqual([]);
  });

  test("E26: a page that had to look at many keys is short and says where to go on", async () => {
    const person = await found();
    await createKey(deployment, person.caller, { name: "first of all", tags: ["rare"] });
    for (let batch = 0; batch < 6; batch += 1) {
      const items = Array.from({ length: 100 }, (_, index) => {
        const number = batch * 100 + index;
        return {
          name: `many ${number}`,
          ownerKind: "service" as const,
          hash: { algorithm: "sha256-hex" as const, value: number.toString(16).padStart(64, "0") },
          foreignPrefix: "acme-",
          start: "acme-1",
          keyIdText: `many${number}`,
        };
      });
      await deployment.call(internal.imports.insert, { caller: person.caller, items });
    }
    const first = await page(person, { filter: { tag: "rare" } });
    expect(first.items).toEqual([]);
    const rest = await page(person, { filter: { tag: "rare" }, cursor: first.nextCursor });
    expect(rest).toMatchObject({ items: [{ name: "first of all" }], nextCursor: null });
  }, 60_000);
});

type Wish = { filter: KeyFilter; cursor: string | null; limit: number; at: number };
