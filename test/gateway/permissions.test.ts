import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PERMISSIONS } from "#convex/shared/permissions.ts";
import { engines } from "../convex/engines.ts";
import { fresh, join, make, makeServiceKey, namesOn, refusal, trailOf, verdict } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const any = (permission: string) => ({ permission, scope: "any" });

describe.each(engines)("an organization's own permissions on $name", (engine) => {
  let world: World;
  // Its catalogue is empty until a test defines something of its own API, after which keys can carry only that.
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("C5: Latchkey's own are listed with what they mean, and nobody changes or imitates them", async () => {
    const names = await namesOn(world, "permissions", 10);
    expect(names).toEqual(Object.keys(PERMISSIONS));
    const description = PERMISSIONS["keys:read"];
    const got = await world.asOwner("GET", "/api/v1/permissions/keys:read");
    expect(got.body).toEqual({ id: "keys:read", name: "keys:read", description, includes: null, builtIn: true });
    const cookie = world.owner.cookie;
    const body = { description: "mine now" };
    expect(await refusal(world, "PATCH", "permissions/keys:read", { cookie, body })).toBe("FORBIDDEN");
    expect(await refusal(world, "DELETE", "permissions/keys:read", { cookie })).toBe("FORBIDDEN");
    for (const name of ["keys:read", "keys:fly", "token:exchange", "audit:wipe"]) {
      expect(await world.asOwner("POST", "/api/v1/permissions", { name })).toMatchObject({
        status: 422,
        body: { errors: [{ path: "name" }] },
      });
    }
  });

  test("C5 H11: a permission that Latchkey has not is told from one that is written wrongly", async () => {
    const path = "permissions.1";
    const cases: [string, string[]][] = [
      ["no such permission", ["keys:fly", "audit:write", "token:read"]],
      ["resource:action", ["orders:", "Orders:read", "*:*", "a:b:c"]],
    ];
    for (const [told, wrong] of cases) {
      for (const permission of wrong) {
        const body = { name: "wrong", permissions: ["keys:read", permission] };
        const answer = await world.asOwner("POST", "/api/v1/keys", body);
        const errors = [{ path, message: expect.stringContaining(told) }];
        expect(answer, permission).toMatchObject({ status: 422, body: { errors } });
      }
    }
  });

  test("C5: a definition is refused that is malformed, or a composite of what is not there or of composites", async () => {
    const composite = fresh("composite");
    await make(world, "permissions", { name: composite, includes: ["orders:read"] });
    for (const [body, path] of [
      [{ name: "orders" }, "name"],
      [{ name: "orders:*" }, "name"],
      [{ name: "Orders:read" }, "name"],
      [{ name: "*:read" }, "name"],
      [{ name: "orders:read:all" }, "name"],
      [{ name: "orders:read", includes: ["orders:write"] }, "name"],
      [{ name: "x", includes: [] }, "includes"],
      [{ name: "x", includes: ["orders:read", composite] }, "includes.1"],
      [{ name: "x", includes: ["x"] }, "includes.0"],
      [{ name: "x", includes: ["keys:fly"] }, "includes.0"],
      [{ name: "x", includes: ["*:*"] }, "includes.0"],
      [{ name: "x", includes: Array.from({ length: 65 }, (_, index) => `orders:a${index}`) }, "includes"],
    ] as const) {
      expect([body, await world.asOwner("POST", "/api/v1/permissions", body)]).toMatchObject([
        body,
        { status: 422, body: { code: "INVALID_INPUT", errors: [{ path }] } },
      ]);
    }
    const again = { name: composite, includes: ["orders:read"] };
    expect(await world.asOwner("POST", "/api/v1/permissions", again)).toMatchObject({
      status: 409,
      body: { code: "NAME_TAKEN" },
    });
  });

  test("E7 C5: what a composite includes is at the very next use what every key, role and group with it gives", async () => {
    const name = fresh("billing");
    const created = await world.asOwner("POST", "/api/v1/permissions", {
      name,
      includes: ["orders:read", "keys:read"],
    });
    const id = textOf(created, "id");
    const role = fresh("biller");
    await make(world, "roles", { name: role, grants: [any(name)] });
    const group = await make(world, "groups", { name: fresh("Billers"), permissions: [name] });
    const [direct, byRole, byGroup] = [
      await makeServiceKey(world, { permissions: [name] }),
      await makeServiceKey(world, { roles: [role] }),
      await makeServiceKey(world),
    ];
    await world.asOwner("PUT", `/api/v1/groups/${group}/members/${byGroup.id}`);
    const onResource = await makeServiceKey(world, {
      resourcePermissions: [{ resource: "shop:1", permissions: [name] }],
    });
    const all = async (permission: string) => [
      await verdict(world, direct.key, permission),
      await verdict(world, byRole.key, permission),
      await verdict(world, byGroup.key, permission),
      await verdict(world, onResource.key, permission, "shop:1"),
    ];
    const [yes, no] = ["VALID", "INSUFFICIENT_PERMISSIONS"];
    expect(await all("orders:read AND keys:read")).toEqual([yes, yes, yes, yes]);
    expect(await all("orders:write")).toEqual([no, no, no, no]);
    await world.asOwner("PATCH", `/api/v1/permissions/${id}`, { includes: ["orders:write"] });
    expect(await all("orders:write")).toEqual([yes, yes, yes, yes]);
    expect(await all("keys:read")).toEqual([no, no, no, no]);
    expect((await world.asOwner("DELETE", `/api/v1/permissions/${name}`)).status).toBe(204);
    expect(await all("orders:write")).toEqual([no, no, no, no]);
    const state = { name, description: "", includes: ["orders:read", "keys:read"] };
    const changed = { ...state, includes: ["orders:write"] };
    expect(await trailOf(world, id)).toMatchObject([
      { action: "permission.create", before: null, after: state },
      { action: "permission.update", before: state, after: changed },
      { action: "permission.delete", before: changed, after: null },
    ]);
  });

  test("E8: nobody defines or widens a composite beyond what they hold, because keys that carry it would widen", async () => {
    const role = fresh("definer");
    await make(world, "roles", { name: role, grants: [any("permissions:manage"), any("orders:*")] });
    const { cookie } = await join(world, role);
    const key = (await makeServiceKey(world, { permissions: ["permissions:manage", "orders:*"] })).key;
    const carried = fresh("carried");
    const id = await make(world, "permissions", { name: carried, includes: ["orders:read", "stock:read"] });
    for (const parts of [{ cookie }, { key }]) {
      const define = async (includes: string[]) =>
        await refusal(world, "POST", "permissions", { ...parts, body: { name: fresh("c"), includes } });
      const widen = async (includes: string[]) =>
        await refusal(world, "PATCH", `permissions/${id}`, { ...parts, body: { includes } });
      expect(await define(["orders:read", "orders:write"])).toBeNull();
      expect(await define(["orders:read", "stock:write"])).toBe("FORBIDDEN");
      expect(await define(["keys:create"])).toBe("FORBIDDEN");
      expect(await widen(["orders:read", "stock:read", "keys:read"])).toBe("FORBIDDEN");
      expect(await widen(["stock:*"])).toBe("FORBIDDEN");
      expect(await widen(["orders:read", "stock:read"])).toBeNull();
    }
    const plain = await makeServiceKey(world, { permissions: ["orders:*"] });
    const body = { name: fresh("c"), includes: ["orders:read"] };
    expect(await refusal(world, "POST", "permissions", { key: plain.key, body })).toBe("FORBIDDEN");
    const member = await join(world, "developer");
    expect(await refusal(world, "POST", "permissions", { cookie: member.cookie, body })).toBe("FORBIDDEN");
    expect(await refusal(world, "PATCH", `permissions/${id}`, { cookie: member.cookie, body: {} })).toBe("FORBIDDEN");
    expect(await refusal(world, "DELETE", `permissions/${id}`, { cookie: member.cookie })).toBe("FORBIDDEN");
  });

  test("C5 E7: once permissions are defined, only those are granted; a deleted one is held by nobody who carries it", async () => {
    const before = await makeServiceKey(world, { permissions: ["stock:legacy"] });
    const id = await make(world, "permissions", { name: "stock:count", description: "Count what is there" });
    const give = async (permissions: string[]) => {
      const body = { name: fresh("given"), ownerKind: "service", permissions };
      return await refusal(world, "POST", "keys", { cookie: world.owner.cookie, body });
    };
    expect(await give(["stock:count", "stock:*", "keys:read"])).toBeNull();
    expect(await give(["stock:burn"])).toBe("INVALID_INPUT");
    expect(await give(["shop:*"])).toBe("INVALID_INPUT");
    // Who carried another one before keeps it: nobody deleted it.
    expect(await verdict(world, before.key, "stock:legacy")).toBe("VALID");

    const named = await makeServiceKey(world, { permissions: ["stock:count"] });
    const wildcard = await makeServiceKey(world, { permissions: ["stock:*"] });
    const role = fresh("counter");
    await make(world, "roles", { name: role, grants: [any("stock:count")] });
    const byRole = await makeServiceKey(world, { roles: [role] });
    const codes = async () => [
      await verdict(world, named.key, "stock:count"),
      await verdict(world, byRole.key, "stock:count"),
      await verdict(world, wildcard.key, "stock:count"),
    ];
    const [yes, no] = ["VALID", "INSUFFICIENT_PERMISSIONS"];
    expect(await codes()).toEqual([yes, yes, yes]);
    expect((await world.asOwner("DELETE", `/api/v1/permissions/${id}`)).status).toBe(204);
    expect(await codes()).toEqual([no, no, yes]);
    expect(await give(["stock:count"])).toBe("INVALID_INPUT");
    // Bringing it back gives it to whoever still carries it, so that takes holding it.
    const definer = fresh("definer");
    await make(world, "roles", { name: definer, grants: [any("permissions:manage")] });
    const { cookie } = await join(world, definer);
    const body = { name: "stock:count" };
    expect(await refusal(world, "POST", "permissions", { cookie, body })).toBe("FORBIDDEN");
    expect(await refusal(world, "POST", "permissions", { cookie, body: { name: "stock:weigh" } })).toBeNull();
    await make(world, "permissions", body);
    expect(await codes()).toEqual([yes, yes, yes]);
  });

  test("E12: a foreign permission is as if missing", async () => {
    const id = await make(world, "permissions", { name: fresh("ours"), includes: ["keys:read"] });
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, fresh(`permission-strangers-${process.pid}-${engine.name.length}`));
    const { cookie } = stranger;
    expect(await refusal(world, "GET", `permissions/${id}`, { cookie })).toBe("NOT_FOUND");
    expect(await refusal(world, "PATCH", `permissions/${id}`, { cookie, body: {} })).toBe("NOT_FOUND");
    expect(await refusal(world, "DELETE", `permissions/${id}`, { cookie })).toBe("NOT_FOUND");
    const theirs = await world.call("GET", "/api/v1/permissions?limit=200", { cookie });
    expect(JSON.stringify(theirs.body)).not.toContain(id);
  });
});
