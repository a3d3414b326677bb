import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { KeyFilter } from "../../convex/model/keys/lists.ts";
import type { KeySnapshot } from "../../convex/model/keys/views.ts";
import { isDead, keyStatus } from "../../convex/shared/keyStatus.ts";
import { Dice } from "../helpers/dice.ts";
import { deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";
import type { Person } from "./world.ts";

type Wish = { filter?: KeyFilter; includeDead?: boolean; cursor?: string | null; limit?: number };

const KINDS = ["personal", "service"] as const;
const NAMES = ["ci", "deploy", "nightly"];
const STATUSES: KeyFilter["statuses"][] = [["revoked"], ["expired"], ["active"], ["revoked", "active"]];

describe.each(engines)("filters of lists on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  test.each([1, 2])("E26: pages hold what a walk past all keys would find, in its order (seed %d)", async (seed) => {
    const dice = new Dice(seed);
    const organization = await createOrganization(deployment);
    const admin = await organization.join("owner");
    // Who sees no keys but their own.
    const member = await organization.join("member");
    const people = [admin, await organization.join("developer"), member];
    await makeMany(admin, people, dice);
    const all = await walk(admin, { includeDead: true, limit: 100 });
    expect(all).toHaveLength(50);
    let found = 0;
    for (let round = 0; round < 80; round += 1) {
      const includeDead = dice.chance(0.5);
      const filter: KeyFilter = {
        ...(dice.chance(0.5) && { ownerKind: dice.pick(KINDS) }),
        ...(dice.chance(0.5) && { ownerUserId: dice.pick(people).userId }),
        ...(dice.chance(0.3) && { name: dice.pick(NAMES) }),
        ...(dice.chance(0.3) && { statuses: dice.pick(STATUSES) }),
      };
      const person = dice.pick(people);
      const expected = all
        .filter((key) => person !== member || (key.ownerKind === "personal" && key.ownerUserId === member.userId))
        .filter((key) => matches(key, filter, includeDead));
      const pages = await walk(person, { filter, includeDead, limit: 1 + dice.below(6) });
      expect(idsOf(pages), JSON.stringify(filter)).toEqual(idsOf(expected));
      found += expected.length;
    }
    // Otherwise only empty lists were compared.
    expect(found).toBeGreaterThan(80);
  });

  test("E26: few keys among many are on the first page, whatever tells them from the others", async () => {
    const organization = await createOrganization(deployment);
    const [admin, other] = [await organization.join("owner"), await organization.join("developer")];
    const owned = { name: "rare", ownerUserId: other.userId };
    const revoked = (await createKey(deployment, admin.caller, owned)).record._id;
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: revoked });
    await createKey(deployment, admin.caller, owned);
    await createKey(deployment, admin.caller, { ...owned, ownerKind: "service" });
    await importMany(admin, 600);
    const kindsOf = async (filter: KeyFilter, includeDead = false) => {
      const { items, nextCursor } = await page(admin, { filter, includeDead });
      expect(nextCursor).toBeNull();
      return items.map(({ ownerKind, revokedAt }) => (revokedAt === null ? ownerKind : "revoked"));
    };
    const { userId } = other;
    expect(await kindsOf({ name: "Rare" })).toEqual(["service", "personal"]);
    expect(await kindsOf({ name: "rare" }, true)).toEqual(["service", "personal", "revoked"]);
    expect(await kindsOf({ ownerUserId: userId })).toEqual(["service", "personal"]);
    expect(await kindsOf({ ownerUserId: userId }, true)).toEqual(["service", "personal", "revoked"]);
    expect(await kindsOf({ ownerUserId: userId, ownerKind: "service" })).toEqual(["service"]);
    expect(await kindsOf({ ownerUserId: userId, ownerKind: "personal" })).toEqual(["personal"]);
    expect(await kindsOf({ statuses: ["revoked"] })).toEqual(["revoked"]);
    // What no index tells has to be looked for, page by page.
    expect(await page(admin, { filter: { env: "test" } })).toMatchObject({ items: [], nextCursor: expect.any(String) });
  }, 60_000);

  async function page(person: Person, { filter = {}, includeDead = false, cursor = null, limit = 10 }: Wish) {
    const args = { caller: person.caller, includeDead, filter, cursor, limit, at: Date.now() };
    return await deployment.call(internal.keys.listForCaller, args);
  }

  async function walk(person: Person, wish: Wish): Promise<KeySnapshot[]> {
    const seen: KeySnapshot[] = [];
    let cursor: string | null = null;
    do {
      const { items, nextCursor }: Awaited<ReturnType<typeof page>> = await page(person, { ...wish, cursor });
      seen.push(...items);
      cursor = nextCursor;
    } while (cursor !== null);
    return seen;
  }

  /** Of few names and several owners; many are dead, so that an owner may have several of one name. */
  async function makeMany(admin: Person, people: Person[], dice: Dice): Promise<void> {
    const { caller } = admin;
    const live = new Map<string, KeySnapshot["_id"]>();
    for (let index = 0; index < 50; index += 1) {
      const [name, ownerKind, ownerUserId] = [dice.pick(NAMES), dice.pick(KINDS), dice.pick(people).userId];
      const place = `${name} ${ownerKind === "service" ? "" : ownerUserId}`;
      const earlier = live.get(place);
      if (earlier !== undefined) {
        const verb = dice.pick(["revoke", "expire"] as const);
        await deployment.call(internal.keys[verb], { caller, keyId: earlier });
      }
      live.set(place, (await createKey(deployment, caller, { name, ownerKind, ownerUserId })).record._id);
    }
  }

  async function importMany(admin: Person, count: number): Promise<void> {
    for (let made = 0; made < count; made += 100) {
      const items = Array.from({ length: 100 }, (_, index) => ({
        name: `many ${made + index}`,
        ownerKind: "service" as const,
        hash: { algorithm: "sha256-hex" as const, value: (made + index).toString(16).padStart(64, "0") },
        foreignPrefix: "acme-",
        start: "acme-1",
        keyIdText: `many${made + index}`,
      }));
      await deployment.call(internal.imports.insert, { caller: admin.caller, items });
    }
  }
});

/** What a filter means, of one key by itself. */
function matches(
  key: KeySnapshot,
  { ownerKind, ownerUserId, name, statuses }: KeyFilter,
  includeDead: boolean,
): boolean {
  const now = Date.now();
  const asksForDead = includeDead || statuses?.some((status) => status === "revoked" || status === "expired") === true;
  return (
    (ownerKind === undefined || key.ownerKind === ownerKind) &&
    (ownerUserId === undefined || key.ownerUserId === ownerUserId) &&
    (name === undefined || key.name === name) &&
    (statuses === undefined || statuses.includes(keyStatus(key, now))) &&
    (asksForDead || !isDead(key, now))
  );
}

const idsOf = (keys: readonly KeySnapshot[]): string[] => keys.map(({ _id }) => _id);
