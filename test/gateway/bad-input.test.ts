import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(engines)("bad input is answered clearly, on $name", (engine) => {
  let world: World;
  let key: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    const permissions = ["keys:verify", "keys:create", "keys:read"];
    ({ key } = await world.createKey({ name: "sender", ownerKind: "service", permissions }));
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const post = async (path: string, body: string, type: string | null = "application/json") =>
    await world.call("POST", path, { key, body, headers: type === null ? {} : { "content-type": type } });

  describe.each(["/api/v1/keys", "/api/v1/keys/verify"])("POST %s", (path) => {
    test.each(["{", "{'name':'x'}", '{"name":"x",}', "\u0000"])("malformed JSON %j is 400", async (body) => {
      expect(await post(path, body)).toMatchObject({ status: 400, body: { code: "MALFORMED_REQUEST" } });
    });

    test.each(["[]", "null", "3", '"text"'])("JSON that is no object, %s, is 400", async (body) => {
      expect(await post(path, body)).toMatchObject({ status: 400, body: { code: "MALFORMED_REQUEST" } });
    });

    test.each(["text/plain", "application/jsonp", "application/x-www-form-urlencoded"])("%s is 415", async (type) => {
      expect(await post(path, "{}", type)).toMatchObject({ status: 415, body: { code: "UNSUPPORTED_MEDIA_TYPE" } });
    });

    test("a charset beside the type is fine", async () => {
      expect((await post(path, "{", "application/json; charset=utf-8")).status).toBe(400);
    });

    test("E21 T16: 2 MiB are 413", async () => {
      const body = JSON.stringify({ name: "x".repeat(2 * 1024 * 1024) });
      expect(await post(path, body)).toMatchObject({ status: 413, body: { code: "BODY_TOO_LARGE" } });
    });

    test("an unknown field is 422 and named", async () => {
      const answer = await post(path, JSON.stringify({ name: "x", key: "x", colour: "red" }));
      expect(answer).toMatchObject({ status: 422, body: { code: "INVALID_INPUT" } });
      expect(answer.body?.["errors"]).toContainEqual({ path: "colour", message: "There is no such field." });
    });

    test("a field in the query instead of the body is 422", async () => {
      const answer = await post(`${path}?name=x`, "{}");
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: "name" }] } });
    });
  });

  test.each([
    ["no name", {}, "name"],
    ["R1: a name of blanks", { name: "   " }, "name"],
    ["a name with a line break", { name: "a\nb" }, "name"],
    ["a name of 101 characters", { name: "x".repeat(101) }, "name"],
    ["a name that is no text", { name: 7 }, "name"],
    ["an expiry in the past", { name: "x", expiresAt: Date.now() - 1 }, "expiresAt"],
    ["an expiry past the maximum", { name: "x", expiresAt: Date.now() + 400 * DAY_MS }, "expiresAt"],
    ["an expiry that is no whole number", { name: "x", expiresAt: 1.5 }, "expiresAt"],
    ["never, which no policy allows", { name: "x", expiresAt: null }, "expiresAt"],
    ["H11: a permission without action", { name: "x", permissions: ["orders"] }, "permissions.0"],
    ["a permission that is no text", { name: "x", permissions: ["a:b", 3] }, "permissions.1"],
    ["a rate of nothing", { name: "x", rateLimit: { limit: 0, windowMs: 1000 } }, "rateLimit"],
    ["an unknown field inside", { name: "x", rateLimit: { limit: 1, windowMs: 1000, burst: 2 } }, "rateLimit.burst"],
    ["E2: a prefix, which is the organization's to choose", { name: "x", prefix: "lk" }, "prefix"],
  ])("H6: %s is 422 at its field", async (_title, body, path) => {
    const answer = await world.asOwner("POST", "/api/v1/keys", body);
    expect(answer).toMatchObject({ status: 422, body: { code: "INVALID_INPUT" } });
    expect(answer.body?.["errors"]).toEqual([{ path, message: expect.stringMatching(/\w/) }]);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=many", "limit"],
    ["limit=1&limit=2", "limit"],
    ["status=sleeping", "status.0"],
    ["includeDead=perhaps", "includeDead"],
    ["colour=red", "colour"],
  ])("the query %s is 422 at its field", async (query, path) => {
    const answer = await world.asOwner("GET", `/api/v1/keys?${query}`);
    expect(answer).toMatchObject({ status: 422, body: { code: "INVALID_INPUT", errors: [{ path }] } });
  });

  test("E30: a name that a live key has is 409, and free again once that key is dead", async () => {
    const { id } = await world.createKey({ name: "Taken" });
    const again = async () => await world.asOwner("POST", "/api/v1/keys", { name: "taken " });
    expect(await again()).toMatchObject({ status: 409, body: { code: "NAME_TAKEN" } });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    expect((await again()).status).toBe(201);
  });

  test("an address that nothing has is 404, and a wrong method 405 with the right ones", async () => {
    for (const path of ["/api/v1/nothing", "/api/v1/keys/x/melt", "/.well-known/nothing", "/api/trpc/melt"]) {
      expect([path, (await world.asOwner("GET", path)).status]).toEqual([path, 404]);
    }
    const put = await world.asOwner("PUT", "/api/v1/keys");
    expect(put).toMatchObject({ status: 405, body: { code: "METHOD_NOT_ALLOWED" } });
    expect(put.headers.get("allow")).toBe("POST, GET");
  });

  test("a stray percent sign in the address is 404, not a fault", async () => {
    expect(await world.asOwner("GET", "/api/v1/keys/%E0%A4%A")).toMatchObject({ status: 404 });
  });

  test.each(["/api/v1/keys", "/api/v1/keys/verify", "/api/trpc/keys.create", "/api/auth/sign-in/email"])(
    "POST %s refuses JSON that is nested thousands of levels deep",
    async (path) => {
      const body = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
      const answer = await world.call("POST", path, { key, body, headers: { origin: world.site } });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).toContain("nested deeper than 64 levels");
    },
  );

  test.each([
    [64, false],
    [65, true],
  ])("JSON of %i levels is refused for its depth: %s", async (levels, isRefused) => {
    const answer = await post("/api/v1/keys/verify", `${"[".repeat(levels)}${"]".repeat(levels)}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(answer.body).includes("nested deeper than 64 levels")).toBe(isRefused);
  });

  test.each(["", "x".repeat(65)])("verify takes no license named %j", async (license) => {
    const refused = { status: 422, body: { code: "INVALID_INPUT", errors: [{ path: "license" }] } };
    expect(await post("/api/v1/keys/verify", JSON.stringify({ key: "none", license }))).toMatchObject(refused);
  });

  test("brackets inside text are no nesting", async () => {
    const body = JSON.stringify({ key: `${"[{".repeat(200)}\\"` });
    expect(await post("/api/v1/keys/verify", body)).toMatchObject({ status: 200, body: { valid: false } });
  });

  test.each(["{", "--x", '{"email":"a@b.c",}', "\u0000"])(
    "JSON that signing in cannot read, %j, is 400",
    async (body) => {
      const headers = { "content-type": "application/json", origin: world.site };
      const answer = await world.call("POST", "/api/auth/sign-in/email", { body, headers });
      expect(answer).toMatchObject({ status: 400, body: { code: "MALFORMED_REQUEST" } });
    },
  );

  test.each(["[]", "null", "3", '"text"', "{}"])("JSON that signs nobody in, %s, is no fault", async (body) => {
    const headers = { "content-type": "application/json", origin: world.site };
    expect((await world.call("POST", "/api/auth/sign-in/email", { body, headers })).status).toBe(400);
  });

  test("E21: every refusal is a problem document with a trace id that the header repeats", async () => {
    const answer = await post("/api/v1/keys", "{");
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toMatchObject({ type: "about:blank", title: "Bad Request", status: 400 });
    expect(answer.body?.["traceId"]).toBe(answer.headers.get("x-trace-id"));
  });
});
