import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { fresh, join, make, verify } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { Person, World } from "./world.ts";

const ACTIVE = { status: "active", disabledAt: null, disabledReason: null };
const INACTIVE = { status: "disabled", disabledAt: null, disabledReason: "owner inactive" };

describe.each(engines)("a personal key whose owner is not active, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  type Owned = { person: Person; id: string; key: string };
  const createOwn = async (person: Person, more: object = {}): Promise<Owned> => {
    const body = { name: fresh("own"), ...more };
    const made = await world.call("POST", "/api/v1/keys", { cookie: person.cookie, body });
    return { person, id: textOf(made, "id"), key: textOf(made, "key") };
  };
  const setSuspended = async ({ userId }: Person, suspended: boolean) => {
    const verb = suspended ? "suspend" : "unsuspend";
    expect((await world.asOwner("POST", `/api/v1/members/${userId}/${verb}`)).status).toBe(200);
  };
  const recordOf = async (id: string) => (await world.asOwner("GET", `/api/v1/keys/${id}`)).body;
  const act = async (verb: string, id: string) => await world.asOwner("POST", `/api/v1/keys/${id}/${verb}`, {});
  const foundBy = async (query: string) => {
    const { body } = await world.asOwner("GET", `/api/v1/keys?limit=200&${query}`);
    return Array.from(Object(body).items, ({ id }: { id: string }) => id);
  };
  const onList = async (id: string) => {
    const { body } = await world.asOwner("GET", "/api/v1/keys?limit=200&includeDead=true");
    return Array.from(Object(body).items).find((item) => Object(item).id === id);
  };
  const ownStatus = async ({ person, id }: Owned) => {
    const { body } = await world.call("GET", "/api/v1/me/keys?includeDead=true", { cookie: person.cookie });
    const own = Array.from(Object(body).items).find((item) => Object(item).id === id);
    return Object(own).status;
  };
  const codeOf = async (key: string) => (await verify(world, key)).body?.["code"];

  async function expectDisabled(owned: Owned): Promise<void> {
    const { id, key, person } = owned;
    expect(await codeOf(key)).toBe("DISABLED");
    expect(await recordOf(id)).toMatchObject(INACTIVE);
    expect(await onList(id)).toMatchObject(INACTIVE);
    expect(await foundBy(`status=active&ownerId=${person.userId}`)).not.toContain(id);
    expect(await foundBy("status=disabled")).toContain(id);
    expect(await ownStatus(owned)).toBe("disabled");
  }

  async function expectActive(owned: Owned): Promise<void> {
    const { id, key } = owned;
    expect(await codeOf(key)).toBe("VALID");
    expect(await recordOf(id)).toMatchObject(ACTIVE);
    expect(await onList(id)).toMatchObject(ACTIVE);
    expect(await foundBy("status=active")).toContain(id);
    expect(await foundBy("status=disabled")).not.toContain(id);
    expect(await ownStatus(owned)).toBe("active");
  }

  test("E11 E26: says disabled and why wherever it is shown, and is active again at once with its owner", async () => {
    const owned = await createOwn(await join(world, "developer"));
    await expectActive(owned);
    await setSuspended(owned.person, true);
    await expectDisabled(owned);
    await setSuspended(owned.person, false);
    await expectActive(owned);
  });

  test("E11: is disabled too when its owner's only role is gone", async () => {
    const role = fresh("role");
    const id = await make(world, "roles", { name: role, grants: [{ permission: "keys:create", scope: "own" }] });
    const owned = await createOwn(await join(world, role));
    expect(await recordOf(owned.id)).toMatchObject(ACTIVE);
    expect((await world.asOwner("DELETE", `/api/v1/roles/${id}`)).status).toBe(204);
    await expectDisabled(owned);
  });

  test("E11: a service key stays as it is when who answers for it is suspended", async () => {
    const person = await join(world, "admin");
    const service = await createOwn(person, { ownerKind: "service" });
    await setSuspended(person, true);
    expect(await codeOf(service.key)).toBe("VALID");
    expect(await recordOf(service.id)).toMatchObject(ACTIVE);
    expect(await foundBy("status=active")).toContain(service.id);
  });

  test("E11: is not brought back by enabling it, and the answer does not say so", async () => {
    const owned = await createOwn(await join(world, "developer"));
    const { id, key, person } = owned;
    await setSuspended(person, true);
    expect(await act("enable", id)).toMatchObject({ status: 200, body: INACTIVE });
    expect(await codeOf(key)).toBe("DISABLED");
    // Paused by hand as well, it is so for two reasons, of which enabling ends one.
    expect(await act("disable", id)).toMatchObject({
      body: { status: "disabled", disabledAt: expect.any(Number), disabledReason: null },
    });
    expect(await act("enable", id)).toMatchObject({ status: 200, body: INACTIVE });
    await act("disable", id);
    await setSuspended(person, false);
    expect(await recordOf(id)).toMatchObject({ status: "disabled", disabledReason: null });
    expect(await act("enable", id)).toMatchObject({ status: 200, body: ACTIVE });
    expect(await codeOf(key)).toBe("VALID");
  });

  test("E11: of one who left and whose key somebody enabled meanwhile, it is the same", async () => {
    const { id, key, person } = await createOwn(await join(world, "developer"));
    expect((await world.asOwner("DELETE", `/api/v1/members/${person.userId}`)).status).toBe(204);
    expect(await recordOf(id)).toMatchObject({ status: "disabled", disabledReason: "owner left" });
    expect(await act("enable", id)).toMatchObject({ status: 200, body: INACTIVE });
    expect(await codeOf(key)).toBe("DISABLED");
  });

  test("E11: says expired or revoked first, and not yet valid only once its owner is back", async () => {
    const person = await join(world, "developer");
    const [expired, revoked, early] = [
      await createOwn(person),
      await createOwn(person),
      await createOwn(person, { notBefore: Date.now() + 3_600_000 }),
    ];
    await act("expire", expired.id);
    await act("revoke", revoked.id);
    await setSuspended(person, true);
    expect(await recordOf(expired.id)).toMatchObject({ status: "expired", disabledReason: null });
    expect(await recordOf(revoked.id)).toMatchObject({ status: "revoked", disabledReason: null });
    expect(await recordOf(early.id)).toMatchObject(INACTIVE);
    await setSuspended(person, false);
    expect(await recordOf(early.id)).toMatchObject({ status: "not-yet-valid", disabledReason: null });
  });

  test("E11: bulk changes find it among the disabled and not among the active", async () => {
    const { id, person } = await createOwn(await join(world, "developer"), { tags: ["orphans"] });
    const count = async (status: string) => {
      const filter = { tag: "orphans", status: [status] };
      const { body } = await world.asOwner("POST", "/api/v1/keys/bulk", { verb: "revoke", filter, preview: true });
      return Object(body);
    };
    await setSuspended(person, true);
    expect(await count("active")).toMatchObject({ count: 0 });
    expect(await count("disabled")).toMatchObject({ count: 1, items: [{ keyId: id }] });
  });

  test("E11 E26: live lists and details are told when it changes", async () => {
    const { id, person } = await createOwn(await join(world, "developer"));
    const { organizationId, deployment, owner } = world;
    const live = async () => {
      const paginationOpts = { numItems: 50, cursor: null };
      const listed = await deployment.call(
        api.keys.list,
        { organizationId, includeDead: false, paginationOpts },
        owner.userId,
      );
      const shown = await deployment.call(api.keys.get, { organizationId, keyId: id }, owner.userId);
      return [listed.page.find(({ _id }) => _id === id)?.ownerActive, shown?.ownerActive];
    };
    expect(await live()).toEqual([true, true]);
    await setSuspended(person, true);
    expect(await live()).toEqual([false, false]);
    await setSuspended(person, false);
    expect(await live()).toEqual([true, true]);
  });
});
