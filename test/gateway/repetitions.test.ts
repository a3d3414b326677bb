import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { join } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

describe.each(engines)("a repeated request on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const postOnce = async (path: string, idempotencyKey: string, body: object, cookie: string): Promise<Answer> =>
    await world.call("POST", path, { cookie, body, headers: { "idempotency-key": idempotencyKey } });

  test("E14 E7: is no way to go on seeing a key after losing the right to make or rotate it", async () => {
    const { cookie, userId } = await join(world, "admin");
    const input = { name: "seen no more", ownerKind: "service" };
    const made = await postOnce("/api/v1/keys", "four", input, cookie);
    const path = `/api/v1/keys/${textOf(made, "id")}/rotate`;
    expect((await postOnce(path, "five", {}, cookie)).status).toBe(200);
    const again = async () => [
      await postOnce("/api/v1/keys", "four", input, cookie),
      await postOnce(path, "five", {}, cookie),
    ];
    expect(await again()).toMatchObject([{ status: 200 }, { status: 200 }]);
    await world.asOwner("PATCH", `/api/v1/members/${userId}`, { roles: ["developer"] });
    const refused = { status: 403, body: { code: "FORBIDDEN" } };
    expect(await again()).toMatchObject([refused, refused]);
    await world.asOwner("PATCH", `/api/v1/members/${userId}`, { roles: ["member"] });
    expect(await again()).toMatchObject([refused, { status: 404, body: { code: "NOT_FOUND" } }]);
  });

  test("E14 E7: a token repeats what its key did only where it may do so itself", async () => {
    const maker = await world.createKey({ name: "maker", ownerKind: "service", permissions: ["keys:create"] });
    const body = { name: "made by a key" };
    const headers = { "idempotency-key": "six" };
    expect((await world.call("POST", "/api/v1/keys", { key: maker.key, body, headers })).status).toBe(201);
    for (const [permissions, status] of [
      [[], 403],
      [["keys:create"], 200],
    ] as const) {
      const exchange = { key: maker.key, body: { audience: world.site, permissions } };
      const authorization = `Bearer ${textOf(await world.call("POST", "/api/v1/token", exchange), "token")}`;
      const repeated = await world.call("POST", "/api/v1/keys", { body, headers: { ...headers, authorization } });
      expect(repeated.status).toBe(status);
    }
  });
});
