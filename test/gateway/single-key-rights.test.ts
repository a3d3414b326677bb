import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { freshName } from "./recipe.ts";
import { openWorld } from "./world.ts";
import type { Answer, World } from "./world.ts";

describe.each(engines)("rights on one key, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const makeTarget = async (more: Record<string, unknown> = {}) =>
    await world.createKey({
      name: freshName("target"),
      ownerKind: "service",
      expiresAt: Date.now() + 86_400_000,
      ...more,
    });

  const makeKeeper = async (keyId: string, permissions: string[], more: Record<string, unknown> = {}) =>
    await world.createKey({
      name: freshName("keeper"),
      ownerKind: "service",
      resourcePermissions: [{ resource: `key:${keyId}`, permissions }],
      ...more,
    });

  const by = async (key: string, keyId: string, verb: string): Promise<Answer> =>
    verb === "get"
      ? await world.call("GET", `/api/v1/keys/${keyId}`, { key })
      : await world.call("POST", `/api/v1/keys/${keyId}/${verb}`, { key, body: {} });

  test("N4: let their holder do to that key what they say, and nothing else", async () => {
    const target = await makeTarget();
    const keeper = await makeKeeper(target.id, ["keys:read", "keys:rotate", "keys:disable"]);
    expect(await by(keeper.key, target.id, "get")).toMatchObject({ status: 200, body: { id: target.id } });
    expect(await by(keeper.key, target.id, "disable")).toMatchObject({ status: 200, body: { status: "disabled" } });
    expect(await by(keeper.key, target.id, "enable")).toMatchObject({ status: 200, body: { status: "expiring" } });
    const rotated = await by(keeper.key, target.id, "rotate");
    expect(rotated).toMatchObject({ status: 200, body: { version: 2 } });
    expect((await world.call("GET", "/api/v1/whoami", { key: target.key })).status).toBe(401);
    expect((await world.call("GET", "/api/v1/whoami", { key: String(rotated.body?.["key"]) })).status).toBe(200);
    for (const verb of ["revoke", "expire"]) {
      expect(await by(keeper.key, target.id, verb)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    }
    // Lists are of all keys, and so is making new ones.
    expect(await world.call("GET", "/api/v1/keys", { key: keeper.key })).toMatchObject({ status: 403 });
    const made = await world.call("POST", "/api/v1/keys", { key: keeper.key, body: { name: "more" } });
    expect(made).toMatchObject({ status: 403 });
  });

  test("N4 E24: any other key is missing to their holder, in the same words as none", async () => {
    const [target, other] = [await makeTarget(), await makeTarget()];
    const keeper = await makeKeeper(target.id, ["keys:*"]);
    const missing = await by(keeper.key, "nothing", "revoke");
    expect(missing).toMatchObject({ status: 404 });
    for (const { id } of [other, keeper]) {
      for (const verb of ["get", "revoke", "rotate", "disable", "expire"]) {
        const answer = await by(keeper.key, id, verb);
        expect([answer.status, answer.body?.["detail"]], verb).toEqual([404, missing.body?.["detail"]]);
      }
    }
    expect(await by(keeper.key, target.id, "revoke")).toMatchObject({ status: 200, body: { revokedBy: keeper.id } });
  });

  test("E9: do not lead beyond what their holder could have made itself", async () => {
    const strong = await makeTarget({ permissions: ["orders:read"] });
    const personal = await world.createKey({ name: freshName("personal") });
    for (const { id } of [strong, personal]) {
      const keeper = await makeKeeper(id, ["keys:rotate", "keys:revoke", "keys:read"]);
      expect(await by(keeper.key, id, "rotate")).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
      expect(await by(keeper.key, id, "revoke")).toMatchObject({ status: 200 });
    }
  });

  test("E7: hold at the next use as they are then, and never past an allow list", async () => {
    const target = await makeTarget();
    const keeper = await makeKeeper(target.id, ["keys:read"]);
    expect(await by(keeper.key, target.id, "get")).toMatchObject({ status: 200 });
    await world.asOwner("PATCH", `/api/v1/keys/${keeper.id}`, { allowList: ["project:42"] });
    expect(await by(keeper.key, target.id, "get")).toMatchObject({ status: 404 });
    await world.asOwner("PATCH", `/api/v1/keys/${keeper.id}`, { allowList: [`key:${target.id}`] });
    expect(await by(keeper.key, target.id, "get")).toMatchObject({ status: 200 });
    await world.asOwner("PATCH", `/api/v1/keys/${keeper.id}`, { resourcePermissions: [] });
    expect(await by(keeper.key, target.id, "get")).toMatchObject({ status: 404 });
  });

  test("E8 E19: are given by who holds them on all keys, and are in no token", async () => {
    const target = await makeTarget();
    const maker = await world.createKey({
      name: freshName("maker"),
      ownerKind: "service",
      permissions: ["keys:create", "keys:read"],
    });
    const given = async (permissions: string[]) =>
      await world.call("POST", "/api/v1/keys", {
        key: maker.key,
        body: { name: freshName("given"), resourcePermissions: [{ resource: `key:${target.id}`, permissions }] },
      });
    expect(await given(["keys:revoke"])).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect(await given(["keys:read"])).toMatchObject({ status: 201 });
    const keeper = await makeKeeper(target.id, ["keys:*"]);
    const body = { audience: world.site };
    const { body: exchanged } = await world.call("POST", "/api/v1/token", { key: keeper.key, body });
    const headers = { authorization: `Bearer ${String(exchanged?.["token"])}` };
    expect(await world.call("GET", `/api/v1/keys/${target.id}`, { headers })).toMatchObject({ status: 404 });
  });

  test("E12: reach no key of another organization", async () => {
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, freshName(`eve-${process.pid}`).replaceAll(" ", "-"));
    const made = await world.call("POST", "/api/v1/keys", { cookie: stranger.cookie, body: { name: "theirs" } });
    const keyId = String(made.body?.["id"]);
    const keeper = await makeKeeper(keyId, ["keys:*"]);
    for (const verb of ["get", "revoke", "rotate"]) {
      expect(await by(keeper.key, keyId, verb)).toMatchObject({ status: 404 });
    }
  });
});
