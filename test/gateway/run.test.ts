import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { teamEngine } from "./team-engine.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, Parts, World } from "./world.ts";

let names = 0;

describe("a team's functions under /api/run", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(teamEngine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const makeKey = async (permissions: string[], input: Record<string, unknown> = {}) => {
    names += 1;
    return await world.createKey({ name: `runner ${names}`, ownerKind: "service", permissions, ...input });
  };
  const run = async (path: string, parts: Parts = {}): Promise<Answer> =>
    await world.call("POST", `/api/run/${path}`, parts);
  const place = async (key: string, body: Record<string, unknown>): Promise<Answer> =>
    await run("orders/place", { key, body });

  test("T13: a key with the permission runs one, and it sees who calls", async () => {
    const { id, key } = await makeKey(["orders:who-calls"]);
    const answer = await run("orders/whoCalls", { key, body: {} });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        value: {
          subject: `key:${id}`,
          issuer: world.site,
          callerType: "key",
          keyId: id,
          organizationId: world.organizationId,
          permissions: ["orders:who-calls"],
        },
      },
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-trace-id")).toMatch(/.{36}/);
  });

  test("T13: a person's session runs one as that person, by cookie and by token", async () => {
    const expected = {
      status: 200,
      body: { value: { subject: world.owner.userId, callerType: "user", organizationId: world.organizationId } },
    };
    expect(await world.asOwner("POST", "/api/run/orders/whoCalls", {})).toMatchObject(expected);
    const authorization = `Bearer ${world.owner.token}`;
    expect(await run("orders/whoCalls", { headers: { authorization }, body: {} })).toMatchObject(expected);
  });

  test("an exchange token runs what it carries of its key's permissions", async () => {
    const { id, key } = await makeKey(["orders:*"]);
    const body = { audience: world.site, permissions: ["orders:who-calls"] };
    const token = textOf(await world.call("POST", "/api/v1/token", { key, body }), "token");
    const headers = { authorization: `Bearer ${token}` };
    expect(await run("orders/whoCalls", { headers, body: {} })).toMatchObject({
      status: 200,
      body: { value: { keyId: id, permissions: ["orders:who-calls"] } },
    });
    expect(await run("orders/listOpen", { headers, body: {} })).toMatchObject({ status: 403 });
  });

  test("values that JSON lacks travel as text, and rows are written by the caller's name", async () => {
    const { id, key } = await makeKey(["orders:*"]);
    const order = { item: "tea", amount: "9007199254740993", proof: btoa("\u0000\u00ff"), gift: null };
    const placed = await place(key, order);
    expect(placed).toMatchObject({
      status: 200,
      body: { value: { amount: "9007199254740993", price: 3, proof: btoa("\u0000\u00ff") } },
    });
    const listed = await run("orders/listOpen", { key });
    expect(listed.body).toMatchObject({ value: [{ item: "tea", by: `key:${id}` }] });
    const again = await place(key, {
      item: "milk",
      amount: "1",
      before: z.object({ id: z.string() }).parse(placed.body?.["value"]).id,
    });
    expect(again.status).toBe(200);
  });

  test("T14: a key is no user, so Latchkey's own live queries give a function nothing for it", async () => {
    const { key } = await makeKey(["billing-latest-invoices:spy-on", "keys:read"]);
    const body = { organizationId: world.organizationId };
    expect(await run("billing/latestInvoices/spyOn", { key, body })).toMatchObject({
      status: 200,
      body: { value: { keys: 0, me: null, organizations: null } },
    });
    const seen = await world.asOwner("POST", "/api/run/billing/latestInvoices/spyOn", body);
    expect(seen).toMatchObject({ status: 200, body: { value: { me: { userId: world.owner.userId } } } });
  });

  test("E28: a call that is refused for want of the permission is told of in the audit trail", async () => {
    const { id, key } = await makeKey(["orders:who-calls"]);
    expect(await run("orders/listOpen", { key, body: {} })).toMatchObject({ status: 403 });
    const trail = await world.asOwner("GET", `/api/v1/audit?action=denied&actor=${id}`);
    const after = JSON.stringify({ operation: "run.orders.listOpen", code: "FORBIDDEN", suppressed: 0 });
    expect(trail.body).toMatchObject({ items: [{ after }] });
  });

  test("T13: the permission is asked for at every call, as it is now", async () => {
    const { id, key } = await makeKey(["orders:list-open", "orders:who-calls"]);
    expect(await run("orders/listOpen", { key, body: {} })).toMatchObject({ status: 200 });
    await world.asOwner("PATCH", `/api/v1/keys/${id}`, { permissions: ["orders:who-calls"] });
    const refused = await run("orders/listOpen", { key, body: {} });
    expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect(textOf(refused, "detail")).toContain("orders:list-open");
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    expect(await run("orders/whoCalls", { key, body: {} })).toMatchObject({
      status: 401,
      body: { code: "KEY_REVOKED" },
    });

    const person = await world.signUp("Eve");
    const role = async (name: string) => {
      const data = { organizationId: world.organizationId, userId: person.userId, role: name, createdAt: Date.now() };
      await world.deployment.call(internal.auth.store.create, {
        table: "member",
        data,
        origin: { userId: null, request: { id: "test" } },
      });
    };
    const asEve = async () => await run("orders/listOpen", { cookie: person.cookie, body: {} });
    expect((await asEve()).status).toBe(400);
    await role("member");
    expect((await asEve()).status).toBe(403);
  });

  test.each([
    "orders/secretly",
    "orders/helper",
    "orders/list_open",
    "orders/nothing",
    "orders",
    "orders/",
    "/listOpen",
    "nothing/here",
    "token/peek",
    "keys/list",
    "members/me",
    "organizations/listMine",
    "tokens/signingKeys",
    "auth/store/find",
    "constructor/name",
    "orders/listOpen/",
    "orders%2FlistOpen",
    "orders:listOpen",
    "pricing/prices/priceOf",
  ])("T13, T19: %s does not exist, whoever asks", async (path) => {
    const answer = await world.asOwner("POST", `/api/run/${path}`, {});
    expect(answer).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  test("T13: without a credential, or with a wrong one, it is the same 401 as everywhere", async () => {
    expect(await run("orders/whoCalls", { body: {} })).toMatchObject({
      status: 401,
      body: { code: "UNAUTHENTICATED" },
    });
    expect(await run("orders/whoCalls", { key: "lk_live_x", body: {} })).toMatchObject({ status: 401 });
    for (const path of ["nothing/here", "keys/list"]) {
      expect(await run(path, { body: {} })).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
      expect(await run(path, { key: "lk_live_x", body: {} })).toMatchObject({ status: 401 });
    }
  });

  test("T15, T16: a key beats a cookie, of whatever name, and a cookie needs an origin and JSON", async () => {
    const { id, key } = await makeKey(["orders:who-calls"]);
    const both = await run("orders/whoCalls", { key, cookie: world.owner.cookie, body: {} });
    expect(both).toMatchObject({ body: { value: { subject: `key:${id}` } } });
    const value = world.owner.cookie.split("=").slice(1).join("=");
    const secure = { cookie: `__Secure-latchkey.session_token=${value}`, origin: world.site };
    expect(await run("orders/whoCalls", { headers: secure, body: {} })).toMatchObject({
      body: { value: { subject: world.owner.userId } },
    });
    const forged = { cookie: world.owner.cookie, headers: { origin: "https://evil.example.com" }, body: {} };
    expect(await run("orders/whoCalls", forged)).toMatchObject({ status: 403, body: { code: "ORIGIN_NOT_ALLOWED" } });
    const plain = { cookie: world.owner.cookie, headers: { "content-type": "text/plain" }, body: "{}" };
    expect(await run("orders/whoCalls", plain)).toMatchObject({ status: 415 });
  });

  test("T16: an organization in the header must be the key's", async () => {
    const { key } = await makeKey(["orders:who-calls"]);
    const headers = { "x-organization-id": "another" };
    expect(await run("orders/whoCalls", { key, headers, body: {} })).toMatchObject({ status: 403 });
  });

  test("T13: only POST runs anything, and OPTIONS answers an allowed origin", async () => {
    const { key } = await makeKey(["orders:list-open"]);
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      const answer = await world.call(method, "/api/run/orders/listOpen", { key });
      expect(answer, method).toMatchObject({ status: 405, body: { code: "METHOD_NOT_ALLOWED" } });
      expect(answer.headers.get("allow")).toBe("POST");
    }
    const preflight = async (origin: string) =>
      await world.call("OPTIONS", "/api/run/orders/listOpen", {
        headers: { origin, "access-control-request-method": "POST" },
      });
    const allowed = await preflight(world.site);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(world.site);
    const stranger = await preflight("https://evil.example.com");
    expect(stranger.status).toBe(204);
    expect(stranger.headers.get("access-control-allow-origin")).toBeNull();
    expect(stranger.headers.get("vary")).toBe("Origin");
  });

  test("arguments that do not fit are 422, field by field, before anything runs", async () => {
    const { key } = await makeKey(["orders:*"]);
    const refused = async (body: Record<string, unknown>) => {
      const answer = await place(key, body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 422, body: { code: "INVALID_INPUT" } });
      return z
        .array(z.object({ path: z.string() }))
        .parse(answer.body?.["errors"])
        .map(({ path }) => path);
    };
    expect(await refused({})).toEqual(["item", "amount"]);
    expect(await refused({ item: 1, amount: 1, surprise: true })).toEqual(["surprise", "item", "amount"]);
    expect(await refused({ item: "tea", amount: "9223372036854775808" })).toEqual(["amount"]);
    expect(await refused({ item: "tea", amount: "1", proof: "%%%" })).toEqual(["proof"]);
    expect(await refused({ item: "tea", amount: "1", gift: { for: "you" } })).toEqual(["gift"]);
    expect(await refused({ item: "tea", amount: "1", before: "no id" })).toEqual(["before"]);
    expect(await refused({ item: "tea", amount: "1", before: world.organizationId })).toEqual(["before"]);
    expect(await run("orders/listOpen?limit=1", { key, body: {} })).toMatchObject({
      status: 422,
      body: { errors: [{ path: "limit" }] },
    });
    expect(await run("orders/anything", { key, body: { $integer: "AAAAAAAAAAA=" } })).toMatchObject({ status: 422 });
    expect(await run("orders/anything", { key, body: { deep: [{ of: null }] } })).toMatchObject({
      status: 200,
      body: { value: { deep: [{ of: null }] } },
    });
  });

  test("a body has to be a JSON object of at most 1 MiB", async () => {
    const { key } = await makeKey(["orders:*"]);
    const send = async (body: string, type = "application/json") =>
      await run("orders/listOpen", { key, headers: { "content-type": type }, body });
    expect(await send("[]")).toMatchObject({ status: 400, body: { code: "MALFORMED_REQUEST" } });
    expect(await send("{")).toMatchObject({ status: 400, body: { code: "MALFORMED_REQUEST" } });
    expect(await send("{}", "application/x-www-form-urlencoded")).toMatchObject({ status: 415 });
    expect(await send(`{"item":"${"x".repeat(1024 * 1024)}"}`)).toMatchObject({ status: 413 });
  });

  test("what a function refuses is an answer with its data, and undoes what it did; a fault tells nothing", async () => {
    const { key } = await makeKey(["orders:*"]);
    const soldOut = await run("orders/sellOut", { key, body: { item: "unicorn" } });
    expect(soldOut).toMatchObject({
      status: 400,
      body: { code: "FUNCTION_REFUSED", data: { code: "SOLD_OUT", left: "0" } },
    });
    expect(soldOut.headers.get("content-type")).toBe("application/problem+json");
    expect(soldOut.body?.["traceId"]).toBe(soldOut.headers.get("x-trace-id"));
    const listed = await run("orders/listOpen", { key, body: {} });
    expect(JSON.stringify(listed.body)).not.toContain("unicorn");
    const fault = await run("orders/fail", { key, body: {} });
    expect(fault).toMatchObject({ status: 500, body: { code: "INTERNAL" } });
    expect(JSON.stringify(fault.body)).not.toContain("1234");
  });

  test("T19: the functions are in the OpenAPI document by themselves, and nothing that cannot be called is", async () => {
    const answer = await world.call("GET", "/openapi.json");
    const document = z
      .looseObject({
        tags: z.array(z.looseObject({ name: z.string() })),
        paths: z.record(z.string(), z.record(z.string(), z.json())),
      })
      .parse(answer.body);
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors).toBeUndefined();
    expect(document.tags.map(({ name }) => name)).toContain("Functions");
    expect(Object.keys(document.paths).filter((path) => path.startsWith("/api/run/"))).toEqual([
      "/api/run/billing/latestInvoices/spyOn",
      "/api/run/orders/anything",
      "/api/run/orders/fail",
      "/api/run/orders/listOpen",
      "/api/run/orders/place",
      "/api/run/orders/sellOut",
      "/api/run/orders/whoCalls",
    ]);
    expect(document.paths["/api/run/billing/latestInvoices/spyOn"]?.["post"]).toMatchObject({
      operationId: "run.billing.latestInvoices.spyOn",
    });
    expect(document.paths["/api/run/orders/place"]?.["post"]).toMatchObject({
      operationId: "run.orders.place",
      tags: ["Functions"],
      "x-permission": "orders:place",
      security: [{ apiKey: [] }, { bearer: [] }, { session: [] }],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: {
              type: "object",
              required: ["item", "amount"],
              additionalProperties: false,
              properties: {
                item: { type: "string" },
                amount: { type: "string", pattern: "^-?\\d{1,19}$" },
                proof: { type: "string", contentEncoding: "base64" },
                gift: { anyOf: [{ type: "null" }, { type: "object", properties: { to: { type: "string" } } }] },
                before: { type: "string", description: "An id of orders." },
              },
            },
          },
        },
      },
      responses: {
        200: { content: { "application/json": { schema: { properties: { value: { type: "object" } } } } } },
        400: { description: expect.stringContaining("FUNCTION_REFUSED") },
        403: {},
        422: {},
        503: {},
        504: {},
      },
    });
  });
});

test.each(engines)("T13: without a team's functions there are none, on $name", async (engine) => {
  await using world = await openWorld(engine);
  expect(await world.asOwner("POST", "/api/run/orders/listOpen", {})).toMatchObject({ status: 404 });
  expect(JSON.stringify((await world.call("GET", "/openapi.json")).body)).not.toContain("/api/run/");
});
