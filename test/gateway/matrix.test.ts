import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import {
  MATRIX_CASES,
  MATRIX_CREDENTIALS,
  MATRIX_OWNERS,
  isAllowed,
  roleMatrixMarkdown,
} from "#convex/shared/roleMatrix.ts";
import type { MatrixCredential, MatrixOwner, MatrixVerb } from "#convex/shared/roleMatrix.ts";
import type { Grant } from "#convex/shared/permissions.ts";
import { ROLES, grantsOf } from "#convex/shared/roles.ts";
import { engines } from "../convex/engines.ts";
import { openApiDocument } from "#convex/api/openapi.ts";
import { openWorld, textOf } from "./world.ts";
import type { Parts, Person, World } from "./world.ts";

/** A role of the organization's own, with rights that reach differently far. */
const KEEPER: Grant[] = [
  { permission: "keys:read", scope: "any" },
  { permission: "keys:create", scope: "own" },
  { permission: "keys:rotate", scope: "own" },
  { permission: "keys:revoke", scope: "any" },
  { permission: "keys:verify", scope: "any" },
];
const GRANTS: Record<string, readonly Grant[]> = {
  ...Object.fromEntries(ROLES.map((role) => [role, grantsOf([role])])),
  keeper: KEEPER,
};
const CASES = Object.keys(GRANTS).flatMap((role) => MATRIX_CREDENTIALS.map((credential) => ({ role, credential })));

/** In an order in which one key can go through all of it. */
const STEPS: readonly MatrixVerb[] = [
  "read",
  "verify",
  "update",
  "disable",
  "enable",
  "rotate",
  "expire",
  "revoke",
  "delete",
];

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const origin = { userId: null, request: { id: "test" } };
let counter = 0;

/** A member of a role, with keys that were given everything about keys. */
type Cast = { person: Person; personalKey: string; serviceKey: string };

describe.each(engines)("the matrix of who may do what to keys, on $name", (engine) => {
  let world: World;
  let other: Person;
  const cast = new Map<string, Cast>();

  beforeAll(async () => {
    world = await openWorld(engine);
    other = await join("Other", "developer");
    await world.asOwner("POST", "/api/v1/roles", { name: "keeper", grants: KEEPER });
    for (const role of Object.keys(GRANTS)) cast.set(role, await makeCast(role));
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test.each(CASES)(
    "T9 N4: the role $role with a $credential may do what the table says, and nothing else",
    async (one) => {
      const { role, credential } = one;
      const done: Record<string, string> = {};
      for (const owner of MATRIX_OWNERS) {
        for (const [verb, outcome] of await perform(role, credential, owner)) done[`${verb} ${owner}`] = outcome;
      }
      const cases = MATRIX_CASES.filter((each) => each.credential === credential);
      const wanted = cases.map((each) => {
        const allowed = isAllowed(GRANTS[role] ?? [], each);
        return [`${each.verb} ${each.owner}`, allowed ? "allowed" : "refused"];
      });
      expect(done).toEqual(Object.fromEntries(wanted));
    },
  );

  /** Performs every verb on a key of this owner and tells how each went. */
  async function perform(
    role: string,
    credential: MatrixCredential,
    owner: MatrixOwner,
  ): Promise<[MatrixVerb, string][]> {
    const { person } = castOf(role);
    const as = partsOf(castOf(role), credential);
    counter += 1;
    const ownerUserId = owner === "another's" ? other.userId : person.userId;
    const wanted = { ownerKind: owner === "service" ? "service" : "personal", ownerUserId };
    const { id, key } = await world.createKey({ name: `target ${counter}`, ...wanted });

    const made = await world.call("POST", "/api/v1/keys", { ...as, body: { name: `made ${counter}`, ...wanted } });
    if (made.status === 201) await end(textOf(made, "id"));
    const outcomes: [MatrixVerb, string][] = [["create", outcomeOf(made.status)]];
    for (const verb of STEPS) {
      if (verb === "enable") await world.asOwner("POST", `/api/v1/keys/${id}/disable`);
      if (verb === "delete") await end(id);
      const { method, path, body } = requestOf(verb, id, key);
      outcomes.push([verb, outcomeOf((await world.call(method, path, { ...as, body })).status)]);
    }
    return outcomes;
  }

  async function makeCast(role: string): Promise<Cast> {
    const person = await join(role, "admin");
    const make = async (ownerKind: "personal" | "service") =>
      await world.createKey({
        name: `${ownerKind} of ${role}`,
        permissions: ["keys:*"],
        ownerKind,
        ownerUserId: person.userId,
        expiresAt: Date.now() + YEAR_MS,
      });
    const [personal, service] = [await make("personal"), await make("service")];
    const path = `/api/v1/members/${person.userId}`;
    const answer =
      role === "suspended"
        ? await world.asOwner("POST", `${path}/suspend`)
        : await world.asOwner("PATCH", path, { roles: [role] });
    expect(answer.status).toBe(200);
    return { person, personalKey: personal.key, serviceKey: service.key };
  }

  async function join(name: string, role: string): Promise<Person> {
    const person = await world.signUp(name);
    const data = { organizationId: world.organizationId, userId: person.userId, role, createdAt: Date.now() };
    await world.deployment.call(internal.auth.store.create, { table: "member", data, origin });
    return person;
  }

  async function end(id: string): Promise<void> {
    expect((await world.asOwner("POST", `/api/v1/keys/${id}/revoke`)).status).toBe(200);
  }

  function castOf(role: string): Cast {
    const found = cast.get(role);
    if (found === undefined) throw new Error(`nobody plays ${role}`);
    return found;
  }
});

test("T9: the document shows the table", () => {
  const { tags } = openApiDocument([]);
  const roles = JSON.stringify(tags);
  expect(roles).toContain(JSON.stringify(roleMatrixMarkdown()).slice(1, -1));
  expect(roleMatrixMarkdown()).toContain("| member, signed in | – | own |");
});

function partsOf({ person, personalKey, serviceKey }: Cast, credential: MatrixCredential): Parts {
  switch (credential) {
    case "session cookie":
      return { cookie: person.cookie };
    case "bearer session":
      return { headers: { authorization: `Bearer ${person.token}` } };
    case "personal key":
      return { key: personalKey };
    case "service key":
      return { key: serviceKey };
    default:
      return credential satisfies never;
  }
}

function requestOf(verb: MatrixVerb, id: string, key: string): { method: string; path: string; body?: object } {
  switch (verb) {
    case "read":
      return { method: "GET", path: `/api/v1/keys/${id}` };
    case "verify":
      return { method: "POST", path: "/api/v1/keys/verify", body: { key } };
    case "update":
      return { method: "PATCH", path: `/api/v1/keys/${id}`, body: { description: `seen ${counter}` } };
    case "delete":
      return { method: "DELETE", path: `/api/v1/keys/${id}` };
    default:
      return { method: "POST", path: `/api/v1/keys/${id}/${verb}`, body: {} };
  }
}

function outcomeOf(status: number): string {
  if (status === 200 || status === 201 || status === 204) return "allowed";
  return [401, 403, 404].includes(status) ? "refused" : `answers ${status}`;
}
