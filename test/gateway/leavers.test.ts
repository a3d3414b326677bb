import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { AND } from "../convex/world.ts";
import { openWorld, textOf } from "./world.ts";
import type { Person, World } from "./world.ts";

const origin = { userId: null, request: { id: "test" } };

describe.each(engines)("who has left the organization, on $name", (engine) => {
  let world: World;
  let count = 0;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  /** Somebody who made a personal key as a developer and is now no member any more, or of another role. */
  async function makeLeaver(role: string | null = null): Promise<{ person: Person; id: string; key: string }> {
    count += 1;
    const person = await world.signUp(`Leaver${count}`);
    const { organizationId } = world;
    const { store } = internal.auth;
    const member = { organizationId, userId: person.userId, role: "developer", createdAt: Date.now() };
    await world.deployment.call(store.create, { table: "member", data: member, origin });
    const made = await world.call("POST", "/api/v1/keys", { cookie: person.cookie, body: { name: `own ${count}` } });
    const target = {
      table: "member" as const,
      where: [
        { field: "organizationId", value: organizationId, operator: "eq" as const, ...AND },
        { field: "userId", value: person.userId, operator: "eq" as const, ...AND },
      ],
      only: "first" as const,
      origin,
    };
    if (role === null) await world.deployment.call(store.remove, target);
    else await world.deployment.call(store.update, { ...target, data: { role } });
    return { person, id: textOf(made, "id"), key: textOf(made, "key") };
  }

  const revoke = async (person: Person, id: string, headers: Record<string, string> = {}) =>
    await world.call("POST", `/api/v1/keys/${id}/revoke`, {
      cookie: person.cookie,
      headers,
      body: { reason: "I am gone" },
    });

  test("H10: still revokes their own personal key, and its record says who did", async () => {
    const { person, id } = await makeLeaver();
    expect(await revoke(person, id)).toMatchObject({
      status: 200,
      body: { id, status: "revoked", revokedBy: person.userId, revokeReason: "I am gone" },
    });
    // Again, and by the owner's bearer token.
    const again = await world.call("POST", `/api/v1/keys/${id}/revoke`, {
      headers: { authorization: `Bearer ${person.token}` },
      body: {},
    });
    expect(again).toMatchObject({ status: 200, body: { status: "revoked" } });
    expect(await world.asOwner("GET", `/api/v1/keys/${id}`)).toMatchObject({
      body: { status: "revoked", revokedBy: person.userId },
    });
  });

  test("does so by id, slug or no header, whichever organizations they are in now", async () => {
    const { person, id } = await makeLeaver();
    const [first, second] = [
      `new-${process.pid}-${engine.name.length}-1`,
      `new-${process.pid}-${engine.name.length}-2`,
    ];
    await world.createOrganization(person, first);
    // Named, another organization is what the call is about, and the key is not there.
    expect(await revoke(person, id, { "x-organization-id": first })).toMatchObject({ status: 404 });
    expect(await revoke(person, id, { "x-organization-id": "nowhere" })).toMatchObject({ status: 404 });
    expect(await world.asOwner("GET", `/api/v1/keys/${id}`)).toMatchObject({ body: { revokedAt: null } });
    await world.createOrganization(person, second);
    expect(await revoke(person, id)).toMatchObject({ status: 200, body: { status: "revoked" } });
    const named = await makeLeaver();
    const byId = await revoke(named.person, named.id, { "x-organization-id": world.organizationId });
    expect(byId).toMatchObject({ status: 200, body: { status: "revoked" } });
  });

  test("does so by tRPC too", async () => {
    const { person, id } = await makeLeaver();
    const answer = await world.call("POST", "/api/trpc/keys.revoke", { cookie: person.cookie, body: { keyId: id } });
    expect(answer).toMatchObject({ status: 200, body: { result: { data: { id, status: "revoked" } } } });
  });

  test("H10: does so while suspended", async () => {
    const { person, id } = await makeLeaver("suspended");
    expect(await revoke(person, id)).toMatchObject({ status: 200, body: { status: "revoked" } });
  });

  test("H10 E11: can do nothing else with it, and nothing with anybody else's", async () => {
    const { person, id } = await makeLeaver();
    const { cookie } = person;
    for (const verb of ["rotate", "disable", "enable", "expire"]) {
      const answer = await world.call("POST", `/api/v1/keys/${id}/${verb}`, { cookie, body: {} });
      expect(answer.status, verb).toBe(400);
      const named = { cookie, headers: { "x-organization-id": world.organizationId }, body: {} };
      expect(await world.call("POST", `/api/v1/keys/${id}/${verb}`, named)).toMatchObject({ status: 404 });
    }
    const service = await world.createKey({ name: `service ${count}`, ownerKind: "service" });
    const ours = await world.createKey({ name: `ours ${count}` });
    const missing = await revoke(person, "nothing");
    expect(missing).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    for (const foreign of [service.id, ours.id, person.userId, world.organizationId]) {
      const answer = await revoke(person, foreign);
      expect(answer.status, foreign).toBe(404);
      expect({ ...answer.body, traceId: "" }).toEqual({ ...missing.body, traceId: "" });
    }
    for (const { id: foreign } of [service, ours]) {
      expect(await world.asOwner("GET", `/api/v1/keys/${foreign}`)).toMatchObject({ body: { revokedAt: null } });
    }
  });

  test("E11: cannot use the key itself to do it: it stopped when they left", async () => {
    const { id, key } = await makeLeaver();
    const answer = await world.call("POST", `/api/v1/keys/${id}/revoke`, { key, body: {} });
    expect(answer).toMatchObject({ status: 401, body: { code: "KEY_DISABLED" } });
  });

  test("E17: still proves an own origin with the cookie", async () => {
    const { person, id } = await makeLeaver();
    expect(await revoke(person, id, { origin: "https://evil.example" })).toMatchObject({ status: 403 });
  });
});
