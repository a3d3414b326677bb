import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { Dice } from "../helpers/dice.ts";
import { fresh, join, make, makeServiceKey, verify } from "./cast.ts";
import { openWorld } from "./world.ts";
import type { Person, World } from "./world.ts";

const HOUR_MS = 3_600_000;
const STATES = 20;
const QUESTIONS = 4;

const PERMISSIONS = ["orders:read", "orders:write", "orders:*", "stock:read", "keys:read", "keys:revoke"];
const ASKED = [
  ...PERMISSIONS,
  "orders:read AND stock:read",
  "orders:write OR stock:read",
  "keys:read AND (orders:read OR stock:read)",
];
const RESOURCES = ["project:1", "project:2", "customer:1", "project:*"];
const RANGES = ["192.0.2.0/24", "::ffff:192.0.2.7/128", "0.0.0.0/0", "::/0"];
const ADDRESSES = ["192.0.2.7", "::ffff:192.0.2.8", "198.51.100.1", "2001:db8::1"];
const DECIDED_BY: Record<string, string> = {
  IP: "address",
  RESOURCE: "resource",
  LICENSE: "license",
  INSUFFICIENT_PERMISSIONS: "permission",
};

describe.each(engines)("what explaining says and what verifying does, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test.each([1, 20])("N3 E7: are the same in whatever state, from seed %i", async (seed) => {
    const dice = new Dice(seed);
    const cast = await castFor(world, dice);
    const verdicts = new Set<unknown>();
    for (let state = 0; state < STATES; state += 1) {
      await defineAll(world, dice, cast.roles);
      const { id, key } = await randomKey(world, dice, cast);
      await upset(world, dice, cast, id);
      for (const question of Array.from({ length: QUESTIONS }, () => randomQuestion(dice, cast))) {
        const { body: said } = await world.asOwner("POST", `/api/v1/keys/${id}/explain`, question);
        const { body: done } = await verify(world, key, question);
        const verdict = done?.["reason"] ?? done?.["code"];
        expect({ question, passes: said?.["passes"], decidedBy: said?.["decidedBy"] }).toEqual({
          question,
          passes: done?.["valid"],
          decidedBy: verdict === "VALID" ? null : (DECIDED_BY[String(verdict)] ?? "status"),
        });
        expectSources(said?.["permissions"]);
        verdicts.add(verdict);
      }
    }
    // So that all of it was tried.
    expect([...verdicts]).toEqual(expect.arrayContaining(["VALID", ...Object.keys(DECIDED_BY)]));
  });
});

/** Whatever is held comes from somewhere, and what is given and not held was taken away by something. */
function expectSources(sources: unknown): void {
  if (!Array.isArray(sources)) throw new Error("no permissions");
  for (const { permission, held, givenBy, limitedBy } of sources) {
    expect({ permission, givenBy, limitedBy, held }).toMatchObject({ held: givenBy.length > 0 && limitedBy === null });
  }
}

type Cast = {
  people: Person[];
  roles: string[];
  composites: string[];
  groups: string[];
  licenses: { name: string; id: string }[];
};

async function castFor(world: World, dice: Dice): Promise<Cast> {
  const roles = [fresh("role"), fresh("role")];
  await defineAll(world, dice, roles);
  const composites = [fresh("composite"), fresh("composite")];
  for (const name of composites) await make(world, "permissions", { name, includes: atLeastOne(dice, PERMISSIONS) });
  const groups = [];
  for (const gift of [{ roles: roles.slice(1) }, { permissions: [composites[0], dice.pick(PERMISSIONS)] }]) {
    groups.push(await make(world, "groups", { name: fresh("Group"), ...gift }));
  }
  const licenses = [];
  for (const validity of [{}, { validFrom: Date.now() + HOUR_MS }, { validUntil: Date.now() - HOUR_MS }]) {
    const name = fresh("license");
    licenses.push({ name, id: await make(world, "licenses", { name, ...validity }) });
  }
  const people = [await join(world, "developer"), await join(world, "member"), await join(world, roles.join(","))];
  return { people, roles, composites, groups, licenses };
}

/** What was deleted may be named in new keys and roles only once it is there again. */
async function defineAll(world: World, dice: Dice, roles: readonly string[]): Promise<void> {
  for (const name of ["orders:read", "orders:write", "stock:read"]) {
    await world.asOwner("POST", "/api/v1/permissions", { name });
  }
  for (const name of roles) await world.asOwner("POST", "/api/v1/roles", { name, grants: randomGrants(dice) });
}

async function randomKey(world: World, dice: Dice, cast: Cast): Promise<{ id: string; key: string }> {
  const fields = {
    permissions: dice.some(3, () => dice.pick([...PERMISSIONS, ...cast.composites])),
    ...(dice.chance(0.4) && { cidrs: atLeastOne(dice, RANGES) }),
    ...(dice.chance(0.4) && { allowList: dice.some(2, () => dice.pick(RESOURCES)) }),
    ...(dice.chance(0.1) && { notBefore: Date.now() + HOUR_MS }),
  };
  if (dice.chance(0.4)) {
    return await world.createKey({ name: fresh("personal"), ownerUserId: dice.pick(cast.people).userId, ...fields });
  }
  const key = await makeServiceKey(world, {
    ...fields,
    roles: dice.some(2, () => dice.pick([...cast.roles, "member"])),
    resourcePermissions: dice.some(2, () => ({
      resource: dice.pick(RESOURCES),
      permissions: [dice.pick(PERMISSIONS)],
    })),
  });
  if (dice.chance(0.5)) await world.asOwner("PUT", `/api/v1/groups/${dice.pick(cast.groups)}/members/${key.id}`);
  if (dice.chance(0.5)) await world.asOwner("PUT", `/api/v1/licenses/${dice.pick(cast.licenses).id}/holders/${key.id}`);
  return key;
}

/** Something that happens to the key, to its owner, or to what it names. */
async function upset(world: World, dice: Dice, cast: Cast, id: string): Promise<void> {
  const role = dice.pick(cast.roles);
  const person = `members/${dice.pick(cast.people).userId}`;
  const happenings: (readonly [string, string, object?])[] = [
    ["POST", `keys/${id}/${dice.pick(["disable", "expire", "revoke"])}`, {}],
    ["DELETE", `roles/${role}`],
    ["PATCH", `roles/${role}`, { grants: randomGrants(dice) }],
    ["PATCH", `permissions/${dice.pick(cast.composites)}`, { includes: atLeastOne(dice, PERMISSIONS) }],
    ["POST", `${person}/${dice.pick(["suspend", "unsuspend"])}`, {}],
    ["PUT", `groups/${dice.pick(cast.groups)}/${person}`, {}],
    ["PATCH", "policy", { requiredCidrs: dice.chance(0.5) ? null : atLeastOne(dice, RANGES) }],
    ["DELETE", "permissions/stock:read"],
  ];
  const [method, path, body] = dice.pick(happenings);
  await world.asOwner(method, `/api/v1/${path}`, body);
}

function randomQuestion(dice: Dice, cast: Cast): Record<string, string> {
  return {
    ...(dice.chance(0.8) && { permission: dice.pick(ASKED) }),
    ...(dice.chance(0.6) && { resource: dice.pick(RESOURCES) }),
    ...(dice.chance(0.8) && { ip: dice.pick(ADDRESSES) }),
    ...(dice.chance(0.3) && { license: dice.pick(cast.licenses).name }),
  };
}

function randomGrants(dice: Dice): { permission: string; scope: string }[] {
  return atLeastOne(dice, PERMISSIONS).map((permission) => ({
    permission,
    scope: permission.startsWith("keys:") && dice.chance(0.5) ? "own" : "any",
  }));
}

function atLeastOne(dice: Dice, items: readonly string[]): string[] {
  return [...new Set([dice.pick(items), ...dice.some(2, () => dice.pick(items))])];
}
