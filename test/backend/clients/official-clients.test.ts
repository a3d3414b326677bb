import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { ConvexReactClient } from "convex/react";
import { makeFunctionReference } from "convex/server";
import { ConvexError } from "convex/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { counterApp } from "./counter-app.ts";
import { RawSyncClient } from "./raw-sync-client.ts";
import { type RunningBackend, runBackend } from "./running-backend.ts";
import { createIssuer, type TestIssuer } from "./test-issuer.ts";

const get = makeFunctionReference<"query", { name: string }, number>("counter:get");
const increment = makeFunctionReference<"mutation", { name: string }, number>("counter:increment");
const whoami = makeFunctionReference<"query", Record<string, never>, string | null>("counter:whoami");
const values = makeFunctionReference<"query">("counter:values");
const crash = makeFunctionReference<"query">("counter:crash");
const hidden = makeFunctionReference<"query">("counter:hidden");
const refuse = makeFunctionReference<"mutation">("counter:refuse");
const viaAction = makeFunctionReference<"action", { name: string }, number>("counter:viaAction");
const hold = makeFunctionReference<"action", { ms: number }, string | null>("counter:hold");

let backend: RunningBackend;
let issuer: TestIssuer;
const stack = new AsyncDisposableStack();
const quiet = { logger: false, skipConvexDeploymentUrlCheck: true } as const;

beforeAll(async () => {
  issuer = stack.use(await createIssuer());
  backend = stack.use(await runBackend());
  await backend.push(counterApp({ "auth.config.ts": issuer.authConfig }));
});
afterAll(() => stack.disposeAsync());

test("the HTTP client calls queries, mutations and actions, with all kinds of values", async () => {
  const client = new ConvexHttpClient(backend.siteUrl, quiet);
  expect(await client.query(get, { name: "http" })).toBe(0);
  expect(await client.mutation(increment, { name: "http" })).toBe(1);
  expect(await client.action(viaAction, { name: "http" })).toBe(2);
  expect(await client.query(values, {})).toEqual({ int: 7n, nan: Number.NaN, bytes: new Uint8Array([1, 2]).buffer });
});

test("the HTTP client gets a ConvexError's data, and the error of anything else", async () => {
  const client = new ConvexHttpClient(backend.siteUrl, quiet);
  await expect(client.mutation(refuse, {})).rejects.toSatisfy(
    (error) => error instanceof ConvexError && JSON.stringify(error.data.code) === '"REFUSED"' && error.data.n === 1n,
  );
  await expect(client.query(crash, {})).rejects.toThrow(/\[Request ID: [0-9a-f]{16}\] Server Error\n.*secret detail/);
  await expect(client.query(hidden, {})).rejects.toThrow("Could not find public function for 'counter:hidden'");
});

test("the HTTP client is who its token says, and nobody with a bad one", async () => {
  const token = await issuer.token("ada");
  const client = new ConvexHttpClient(backend.siteUrl, { ...quiet, auth: token });
  expect(await client.query(whoami, {})).toBe("ada");
  client.setAuth(`${token.slice(0, -6)}AAAAAA`);
  await expect(client.query(whoami, {})).rejects.toThrow("BadSignature");
  client.clearAuth();
  expect(await client.query(whoami, {})).toBeNull();
});

test("consistent queries of the HTTP client all see one moment", async () => {
  const client = new ConvexHttpClient(backend.siteUrl, quiet);
  await client.mutation(increment, { name: "consistent" });
  const reader = new ConvexHttpClient(backend.siteUrl, quiet);
  expect(await reader.consistentQuery(get, { name: "consistent" })).toBe(1);
  await client.mutation(increment, { name: "elsewhere" });
  expect(await reader.consistentQuery(get, { name: "consistent" })).toBe(1);
  await client.mutation(increment, { name: "consistent" });
  // A moment that is gone is refused; the client would otherwise mix two without knowing.
  await expect(reader.consistentQuery(get, { name: "consistent" })).rejects.toThrow("SnapshotTooOld");
});

test("200 increments at the same time make 200", async () => {
  const client = new ConvexHttpClient(backend.siteUrl, quiet);
  const results = await Promise.all(
    Array.from({ length: 200 }, () => client.mutation(increment, { name: "many" }, { skipQueue: true })),
  );
  expect(new Set(results).size).toBe(200);
  expect(await client.query(get, { name: "many" })).toBe(200);
});

test("a subscription is updated, and before the mutation that did it resolves", async () => {
  const client = new ConvexClient(backend.siteUrl, quiet);
  const seen: number[] = [];
  client.onUpdate(get, { name: "live" }, (value) => seen.push(value));
  await expect.poll(() => seen).toEqual([0]);
  for (let i = 1; i <= 5; i += 1) {
    expect(await client.mutation(increment, { name: "live" })).toBe(i);
    expect(seen.at(-1)).toBe(i);
  }
  await client.close();
});

test("a failing mutation and a failing query reach their callers", async () => {
  const client = new ConvexClient(backend.siteUrl, quiet);
  await expect(client.mutation(refuse, {})).rejects.toThrow(ConvexError);
  const failure = await new Promise<Error>((resolve) => {
    client.onUpdate(crash, {}, () => {}, resolve);
  });
  expect(failure.message).toContain("Server Error");
  await client.close();
});

test("signing in, out and in again changes what a subscription shows", async () => {
  const client = new ConvexClient(backend.siteUrl, quiet);
  const seen: (string | null)[] = [];
  client.onUpdate(whoami, {}, (value) => seen.push(value));
  await expect.poll(() => seen.at(-1)).toBeNull();
  client.setAuth(() => issuer.token("ada"));
  await expect.poll(() => seen.at(-1)).toBe("ada");
  client.client.clearAuth();
  await expect.poll(() => seen.at(-1)).toBeNull();
  client.setAuth(() => issuer.token("bob"));
  await expect.poll(() => seen.at(-1)).toBe("bob");
  await client.close();
});

test("a client whose token runs out fetches a fresh one and goes on", async () => {
  const client = new ConvexClient(backend.siteUrl, quiet);
  let fetched = 0;
  let authenticated: boolean | null = null;
  const seen: (string | null)[] = [];
  client.setAuth(
    async ({ forceRefreshToken }) => {
      fetched += 1;
      // Two that have a moment left, then one that lasts.
      return issuer.token(`visit ${fetched}`, fetched <= 2 && (forceRefreshToken || fetched === 1) ? -3 : 3600);
    },
    (isAuthenticated) => (authenticated = isAuthenticated),
  );
  client.onUpdate(whoami, {}, (value) => seen.push(value));
  await expect.poll(() => seen.at(-1), { timeout: 15_000 }).toBe("visit 3");
  expect(authenticated).toBe(true);
  expect(seen).not.toContain(null);
  await client.close();
});

test("a client whose tokens are all refused hears that it is signed out", async () => {
  const client = new ConvexClient(backend.siteUrl, quiet);
  const states: boolean[] = [];
  client.setAuth(
    async () => `${(await issuer.token("mallory")).slice(0, -6)}${String(Math.random()).slice(2, 8)}`,
    (isAuthenticated) => states.push(isAuthenticated),
  );
  const seen: (string | null)[] = [];
  client.onUpdate(whoami, {}, (value) => seen.push(value));
  await expect.poll(() => states.at(-1), { timeout: 15_000 }).toBe(false);
  await expect.poll(() => seen.at(-1), { timeout: 15_000 }).toBeNull();
  await client.close();
});

test("the React client watches a query and shows an optimistic update until the real one", async () => {
  const client = new ConvexReactClient(backend.siteUrl, quiet);
  const watch = client.watchQuery(get, { name: "react" });
  const seen: (number | undefined)[] = [];
  watch.onUpdate(() => seen.push(watch.localQueryResult()));
  await expect.poll(() => seen).toEqual([0]);
  await client.mutation(
    increment,
    { name: "react" },
    { optimisticUpdate: (store, args) => store.setQuery(get, args, 100) },
  );
  expect(seen).toEqual([0, 100, 1]);
  expect(await client.action(hold, { ms: 0 })).toBeNull();
  await client.close();
});

test("500 subscribers of one query all get its update", async () => {
  const clients: RawSyncClient[] = [];
  for (let i = 0; i < 10; i += 1) {
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => RawSyncClient.connect(backend.siteUrl)))));
  }
  for (const client of clients) client.add(1, 1, "counter:get", { name: "crowd" });
  await Promise.all(clients.map((client) => client.untilValue(1, (value) => value === 0)));
  const writer = new ConvexHttpClient(backend.siteUrl, quiet);
  const updated = Promise.all(clients.map((client) => client.untilValue(1, (value) => value === 1)));
  await writer.mutation(increment, { name: "crowd" });
  await updated;
  for (const client of clients) client[Symbol.dispose]();
}, 60_000);

test("nothing went wrong inside", () => {
  expect(backend.complaints).toEqual([]);
});
