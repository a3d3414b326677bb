import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { fresh, makeServiceKey } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;
const RIGHTS = ["orders:read", "keys:create", "keys:read", "keys:rotate", "keys:update", "keys:disable"];

describe.each(engines)("a secret that a rotation has replaced, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const rotate = async (id: string, graceMs: number) =>
    textOf(await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, { graceMs }), "key");

  test("E8 E9: renews nothing in its grace and makes nothing that outlives it, by itself or by a token of it", async () => {
    const old = await makeServiceKey(world, { permissions: RIGHTS });
    const newest = await rotate(old.id, HOUR_MS);
    const exchange = { key: old.key, body: { audience: world.site } };
    const authorization = `Bearer ${textOf(await world.call("POST", "/api/v1/token", exchange), "token")}`;
    const self = `/api/v1/keys/${old.id}`;
    const expiresAt = Date.now() + 2 * HOUR_MS;
    for (const credential of [{ key: old.key }, { headers: { authorization } }]) {
      const call = async (method: string, path: string, body: object) =>
        await world.call(method, path, { ...credential, body });
      const refused = { status: 403, body: { code: "FORBIDDEN" } };
      expect(await call("POST", `${self}/rotate`, {})).toMatchObject(refused);
      expect(await call("PATCH", self, { expiresAt })).toMatchObject(refused);
      expect(await call("POST", "/api/v1/keys", { name: fresh("outliving"), expiresAt })).toMatchObject(refused);
      const made = await call("POST", "/api/v1/keys", { name: fresh("within"), permissions: ["orders:read"] });
      expect(made.status).toBe(201);
      expect(made.body?.["expiresAt"]).toBeLessThanOrEqual(Date.now() + HOUR_MS);
      expect((await call("PATCH", self, { description: "Told by its old secret" })).status).toBe(200);
    }
    expect((await world.call("POST", `${self}/rotate`, { key: newest, body: {} })).status).toBe(200);
  });

  test("E13: of rotations from the same version one wins, whenever they come, and its secret stays good", async () => {
    const { id } = await makeServiceKey(world, { permissions: RIGHTS });
    for (let version = 1; version <= 5; version += 1) {
      const body = { version, graceMs: 0 };
      const asked = [0, 1, 2].map(async () => await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, body));
      const answers = [...(await Promise.all(asked)), await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, body)];
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
      const winner = answers.find(({ status }) => status === 200);
      expect((await world.call("GET", "/api/v1/whoami", { key: String(winner?.body?.["key"]) })).status).toBe(200);
    }
  });
});
