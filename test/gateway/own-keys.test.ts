import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { AND } from "../convex/world.ts";
import { freshName } from "./recipe.ts";
import { openWorld, textOf } from "./world.ts";
import type { Person, World } from "./world.ts";

const HOUR_MS = 3_600_000;
const origin = { userId: null, request: { id: "test" } };

describe.each(engines)("a person's own keys everywhere, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  async function join(person: Person, organizationId: string, role = "developer"): Promise<void> {
    const data = { organizationId, userId: person.userId, role, createdAt: Date.now() };
    await world.deployment.call(internal.auth.store.create, { table: "member", data, origin });
  }

  async function leave(person: Person, organizationId: string): Promise<void> {
    const where = [
      { field: "organizationId", value: organizationId, operator: "eq" as const, ...AND },
      { field: "userId", value: person.userId, operator: "eq" as const, ...AND },
    ];
    await world.deployment.call(internal.auth.store.remove, { table: "member", where, only: "first", origin });
  }

  const create = async ({ cookie }: Person, organizationId: string, body: Record<string, unknown>) =>
    textOf(
      await world.call("POST", "/api/v1/keys", { cookie, headers: { "x-organization-id": organizationId }, body }),
      "id",
    );

  const mine = async ({ cookie }: Person, query = "") => {
    const { body } = await world.call("GET", `/api/v1/me/keys${query}`, { cookie });
    const { items, nextCursor } = Object(body);
    return { ids: Array.from(items, (item: { id: string }) => item.id), items, nextCursor };
  };

  /** Somebody with an organization of their own, who is a developer of the world's too. */
  async function makePerson(): Promise<{ person: Person; own: string; slug: string }> {
    const person = await world.signUp("Mo");
    const slug = freshName(`mo-${process.pid}`).replaceAll(" ", "-");
    const own = await world.createOrganization(person, slug);
    await join(person, world.organizationId);
    return { person, own, slug };
  }

  test("H4: are listed newest first with the name of their organization, without the secret", async () => {
    const { person, own, slug } = await makePerson();
    expect(await mine(person)).toEqual({ ids: [], items: [], nextCursor: null });
    const first = await create(person, own, { name: "first" });
    const second = await create(person, world.organizationId, { name: "second" });
    const third = await create(person, own, { name: "third", env: "test" });
    const { ids, items } = await mine(person);
    expect(ids).toEqual([third, second, first]);
    expect(items[0]).toEqual({
      id: third,
      organizationId: own,
      organizationName: slug,
      name: "third",
      env: "test",
      start: expect.stringMatching(/^lk_test_/),
      last4: expect.any(String),
      status: "active",
      createdAt: expect.any(Number),
      expiresAt: expect.any(Number),
      revokedAt: null,
      lastUse: null,
    });
    expect(items[1]).toMatchObject({ organizationId: world.organizationId, name: "second" });
  });

  test("H4: are nobody else's, and no service keys", async () => {
    const { person, own } = await makePerson();
    const other = await makePerson();
    await create(person, own, { name: "of the organization", ownerKind: "service" });
    await create(other.person, world.organizationId, { name: "another's" });
    expect((await mine(person)).ids).toEqual([]);
    const made = await world.asOwner("POST", "/api/v1/keys", { name: "for Mo", ownerUserId: person.userId });
    expect((await mine(person)).ids).toEqual([textOf(made, "id")]);
  });

  test("H4 H10: are found and revoked also where their owner has left or is suspended", async () => {
    for (const end of ["left", "suspended"]) {
      const { person, own } = await makePerson();
      const id = await create(person, world.organizationId, { name: freshName("there") });
      if (end === "left") await leave(person, world.organizationId);
      else await world.asOwner("POST", `/api/v1/members/${person.userId}/suspend`);
      await leave(person, own);
      const { items } = await mine(person);
      expect(items).toMatchObject([{ id, organizationName: expect.stringContaining("acme"), revokedAt: null }]);
      const { cookie } = person;
      expect(await world.call("POST", `/api/v1/keys/${id}/revoke`, { cookie, body: {} })).toMatchObject({
        status: 200,
      });
      expect((await mine(person)).ids).toEqual([]);
      expect((await mine(person, "?includeDead=true")).items).toMatchObject([{ id, status: "revoked" }]);
    }
  });

  test("C8: leave out the dead unless asked, also those that one organization's policy has ended", async () => {
    const { person, own } = await makePerson();
    const expired = await create(person, own, { name: "expired" });
    const long = await create(person, own, { name: "long", expiresAt: Date.now() + 48 * HOUR_MS });
    const headers = { "x-organization-id": own };
    await world.call("POST", `/api/v1/keys/${expired}/expire`, { cookie: person.cookie, headers, body: {} });
    const elsewhere = await create(person, world.organizationId, { name: freshName("elsewhere") });
    expect((await mine(person)).ids).toEqual([elsewhere, long]);
    await world.call("PATCH", "/api/v1/policy", { cookie: person.cookie, headers, body: { maxLifetimeMs: 60_000 } });
    const statuses = async () => (await mine(person)).items.map((item: { status: string }) => item.status);
    // A minute from when it was made, and no longer two days.
    expect((await mine(person)).items[1].expiresAt).toBeLessThan(Date.now() + HOUR_MS);
    expect(await statuses()).toEqual(["active", "expiring"]);
    expect((await mine(person, "?includeDead=true")).ids).toEqual([elsewhere, long, expired]);
  });

  test("E26: pages go on where the one before ended, each key once, and a made-up cursor is refused", async () => {
    const { person, own } = await makePerson();
    const made: string[] = [];
    for (const organizationId of [own, world.organizationId, own, world.organizationId, own]) {
      made.unshift(await create(person, organizationId, { name: freshName("paged") }));
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await mine(person, `?limit=2${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
      seen.push(...page.ids);
      cursor = page.nextCursor;
      // What is made meanwhile is newer than all that is still to come.
      await create(person, own, { name: freshName("meanwhile") });
    } while (cursor !== null);
    expect(seen).toEqual(made);
    for (const wrong of ["x", "W10=", "1"]) {
      const answer = await world.call("GET", `/api/v1/me/keys?cursor=${wrong}`, { cookie: person.cookie });
      expect(answer).toMatchObject({ status: 422, body: { code: "INVALID_INPUT", errors: [{ path: "cursor" }] } });
    }
  });

  test("H9: are told to no key, not even one of their own that may manage keys", async () => {
    const permissions = ["keys:*", "members:manage"];
    for (const ownerKind of ["personal", "service"]) {
      const { key } = await world.createKey({ name: freshName("asking"), ownerKind, permissions });
      expect(await world.call("GET", "/api/v1/me/keys", { key })).toMatchObject({ status: 403 });
    }
    expect(await world.call("GET", "/api/v1/me/keys")).toMatchObject({ status: 401 });
  });
});
