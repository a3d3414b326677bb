import { TRPCClientError, createTRPCClient, httpBatchLink } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AppRouter } from "#convex/api/router.ts";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

const batchOf = (count: number) => `/api/trpc/${Array.from({ length: count }, () => "health").join(",")}?batch=1`;

describe.each(engines)("the tRPC client, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  /** As a browser's: the cookie and the origin travel with every call. */
  function clientOf(headers: Record<string, string>) {
    return createTRPCClient<AppRouter>({
      links: [
        httpBatchLink({
          url: `${world.site}/api/trpc`,
          headers,
          fetch: async (url, init) => {
            const { pathname, search } = new URL(url instanceof Request ? url.url : url);
            const body = typeof init?.body === "string" ? { body: init.body } : {};
            const sent = new Headers(init?.headers);
            return await world.deployment.fetch(pathname + search, { method: init?.method, headers: sent, ...body });
          },
        }),
      ],
    });
  }

  test("creates, lists, revokes and verifies by the procedures' types", async () => {
    const client = clientOf({ cookie: world.owner.cookie, origin: world.site });
    const created = await client.keys.create.mutate({
      name: "typed",
      ownerKind: "service",
      permissions: ["keys:verify"],
    });
    const { items } = await client.keys.list.query();
    expect(items.map(({ id }) => id)).toContain(created.id);
    const asKey = clientOf({ "x-api-key": created.key });
    expect(await asKey.keys.verify.mutate({ key: created.key })).toMatchObject({ valid: true, keyId: created.id });
    expect(await client.keys.revoke.mutate({ keyId: created.id })).toMatchObject({ status: "revoked" });
    await expect(asKey.whoami.query()).rejects.toMatchObject({ data: { code: "KEY_REVOKED", httpStatus: 401 } });
  });

  test("calls in one batch are one caller, and one use of its rate limit", async () => {
    const { key } = await world.createKey({ name: "batch", rateLimit: { limit: 1, windowMs: 86_400_000 } });
    const client = clientOf({ "x-api-key": key });
    const [one, two] = await Promise.all([client.whoami.query(), client.whoami.query()]);
    expect(one).toEqual(two);
    await expect(client.whoami.query()).rejects.toMatchObject({ data: { code: "RATE_LIMITED" } });
  });

  test("E22 E23: refusals have the headers that they have under /api/v1", async () => {
    const { key } = await world.createKey({ name: "spent", rateLimit: { limit: 1, windowMs: 86_400_000 } });
    const ask = async (prefix: string, parts: object) =>
      await world.call("GET", prefix === "rest" ? "/api/v1/whoami" : "/api/trpc/whoami", parts);
    const names = ["www-authenticate", "retry-after", "ratelimit-limit", "ratelimit-remaining", "cache-control"];
    const headersOf = ({ headers }: { headers: Headers }) => names.map((name) => headers.get(name));
    expect(headersOf(await ask("trpc", {}))).toEqual(headersOf(await ask("rest", {})));
    expect((await ask("trpc", {})).headers.get("www-authenticate")).toContain("Bearer");
    const good = await ask("trpc", { key });
    expect(good.headers.get("ratelimit-limit")).toBe("1");
    expect(good.headers.get("ratelimit-remaining")).toBe("0");
    const spent = await ask("trpc", { key });
    expect(spent.status).toBe(429);
    expect(Number(spent.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(spent.headers.get("content-type")).toBe("application/json");
    const batch = await world.call("GET", "/api/trpc/whoami,whoami?batch=1&input=%7B%7D", { key });
    expect(batch.headers.get("retry-after")).toBe(spent.headers.get("retry-after"));
  });

  test("E22: a batch holds at most 100 calls, since it is one use", async () => {
    expect((await world.call("GET", batchOf(100))).status).toBe(200);
    expect((await world.call("GET", batchOf(101))).status).toBe(400);
  });

  test("a refusal has our code, the fields and the trace id, and no stack", async () => {
    const client = clientOf({ cookie: world.owner.cookie, origin: world.site });
    const error = await client.keys.create.mutate({ name: " " }).catch((thrown: unknown) => thrown);
    if (!(error instanceof TRPCClientError)) throw new Error("not refused");
    expect(error.data).toEqual({
      code: "INVALID_INPUT",
      httpStatus: 422,
      traceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      errors: [{ path: "name", message: "Give the key a name." }],
    });
  });

  test("E5: the answer that holds a key is not cached", async () => {
    const answer = await world.asOwner("POST", "/api/trpc/keys.create", { name: "fresh" });
    expect(answer).toMatchObject({ status: 200, body: { result: { data: { name: "fresh" } } } });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("malformed JSON, a large body and no credential are refused in tRPC's envelope", async () => {
    const post = async (body: string) => await world.asOwner("POST", "/api/trpc/keys.create", body);
    expect(await post("{")).toMatchObject({ status: 400, body: { error: { data: { code: "MALFORMED_REQUEST" } } } });
    const large = JSON.stringify({ name: "x".repeat(2 * 1024 * 1024) });
    expect(await post(large)).toMatchObject({ status: 413, body: { error: { data: { code: "BODY_TOO_LARGE" } } } });
    const nobody = await world.call("GET", "/api/trpc/whoami");
    expect(nobody).toMatchObject({ status: 401, body: { error: { data: { code: "UNAUTHENTICATED" } } } });
  });
});
