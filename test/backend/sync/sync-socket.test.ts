import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from "#backend/values/json.ts";
import { counterApp } from "../clients/counter-app.ts";
import { modificationsOf, RawSyncClient, timestampOf } from "../clients/raw-sync-client.ts";
import { type RunningBackend, runBackend } from "../clients/running-backend.ts";
import { createIssuer, type TestIssuer } from "../clients/test-issuer.ts";

let backend: RunningBackend;
let issuer: TestIssuer;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  issuer = stack.use(await createIssuer());
  backend = stack.use(await runBackend());
  await backend.push(counterApp({ "auth.config.ts": issuer.authConfig }));
});
afterAll(() => stack.disposeAsync());

function authenticate(token: string, baseVersion = 0): JsonObject {
  return { type: "Authenticate", tokenType: "User", value: token, baseVersion };
}

function admin(value: string): JsonObject {
  return { type: "Authenticate", tokenType: "Admin", value, baseVersion: 0 };
}

function isTransition(message: JsonObject): boolean {
  return message["type"] === "Transition";
}

test("frames behind an Authenticate wait for it and run as its user, however slow the issuer is", async () => {
  const gate = Promise.withResolvers<void>();
  issuer.gate = gate.promise;
  const fetches = issuer.fetches;
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.send(authenticate(await issuer.token("ada")));
  client.add(1, 1, "counter:whoami");
  client.mutate(1, "counter:note", { label: "slow" });
  client.send({ type: "Action", requestId: 2, udfPath: "counter:hold", args: [{ ms: 0 }] });
  await expect.poll(() => issuer.fetches).toBeGreaterThan(fetches);
  // Another socket is served meanwhile, so ours had every chance to overtake.
  using other = await RawSyncClient.connect(backend.siteUrl);
  other.mutate(1, "counter:nothing");
  await other.until(isTransition);
  expect(client.received).toEqual([]);

  issuer.gate = null;
  gate.resolve();
  await client.untilValue(1, (value) => value === "ada");
  expect(await client.until((message) => message["type"] === "MutationResponse")).toMatchObject({
    success: true,
    result: "ada",
  });
  expect(await client.until((message) => message["type"] === "ActionResponse")).toMatchObject({ result: "ada" });
});

test("a mutation keeps the user it was sent as, even when the next user is known before its turn", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.send(authenticate(await issuer.token("first")));
  for (let i = 0; i < 5; i += 1) client.mutate(i, "counter:note", { label: "handover" });
  client.send(authenticate(await issuer.token("second"), 1));
  client.mutate(5, "counter:note", { label: "handover" });
  await client.until((message) => message["requestId"] === 5);
  const results = client.ofType("MutationResponse").map(({ requestId, result }) => [requestId, result]);
  expect(results).toEqual([...[0, 1, 2, 3, 4].map((id) => [id, "first"]), [5, "second"]]);
});

test("after a refused token nothing runs and the socket closes", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  const token = await issuer.token("mallory");
  client.send(authenticate(`${token.slice(0, -6)}AAAAAA`));
  client.mutate(1, "counter:note", { label: "refused" });
  await client.untilClosed();
  expect(client.received).toEqual([
    { type: "AuthError", error: expect.any(String), baseVersion: 0, authUpdateAttempted: true },
  ]);
  using reader = await RawSyncClient.connect(backend.siteUrl);
  reader.add(1, 1, "counter:events");
  await reader.until(isTransition);
  expect(JSON.stringify(reader.valueOf(1))).not.toContain("refused");
});

test("a token that runs out while the socket is open ends it", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  // Five seconds of skew are allowed, so this one has between one and two left.
  client.send(authenticate(await issuer.token("brief", -3)));
  client.add(1, 1, "counter:whoami");
  await client.untilValue(1, (value) => value === "brief");
  await client.untilClosed();
  expect(client.received.at(-1)).toMatchObject({ type: "AuthError", authUpdateAttempted: false });
});

test("nobody is an admin on the public listener, and only the right key is on the other", async () => {
  using publicly = await RawSyncClient.connect(backend.siteUrl);
  publicly.send(admin(backend.adminKey));
  await publicly.untilClosed();
  expect(publicly.received).toMatchObject([{ type: "AuthError", authUpdateAttempted: true }]);
  using wrong = await RawSyncClient.connect(backend.apiUrl);
  wrong.send(admin(`${backend.adminKey}x`));
  await wrong.untilClosed();
  using right = await RawSyncClient.connect(backend.apiUrl);
  right.send({ ...admin(backend.adminKey), impersonating: { subject: "eve", issuer: "https://i.test" } });
  right.add(1, 1, "counter:whoami");
  right.add(2, 2, "counter:hidden");
  await right.untilValue(1, (value) => value === "eve");
  await right.untilValue(2, (value) => value === "hidden");
});

test("transitions start where the last one ended, and a mutation's covers its commit", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.add(1, 1, "counter:get", { name: "versions" });
  for (let i = 0; i < 10; i += 1) client.mutate(i, "counter:increment", { name: "versions" });
  client.mutate(10, "counter:nothing");
  const last = await client.until((message) => message["requestId"] === 10);
  const isCovered = (message: JsonObject): boolean => {
    const { endVersion } = message;
    const after = client.received.indexOf(message) > client.received.indexOf(last);
    return isTransition(message) && after && timestampOf(tsOf(endVersion)) >= timestampOf(last["ts"]);
  };
  await client.until(isCovered);
  expect(client.valueOf(1)).toBe(10);
  const transitions = client.ofType("Transition");
  let previous: JsonValue = { querySet: 0, identity: 0, ts: "AAAAAAAAAAA=" };
  for (const { startVersion, endVersion } of transitions) {
    expect(startVersion).toEqual(previous);
    previous = endVersion ?? null;
  }
});

function tsOf(version: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(version) ? version["ts"] : undefined;
}

test("queries of one socket never show two different moments", async () => {
  using watcher = await RawSyncClient.connect(backend.siteUrl);
  watcher.send({
    type: "ModifyQuerySet",
    baseVersion: 0,
    newVersion: 1,
    // The same row by two functions' worth of arguments: results are cached and run separately.
    modifications: [0, 1, 2, 3].map((queryId) => ({
      type: "Add",
      queryId,
      udfPath: "counter:get",
      args: [{ name: "moment", unused: queryId }],
    })),
  });
  using writer = await RawSyncClient.connect(backend.siteUrl);
  for (let i = 0; i < 60; i += 1) writer.mutate(i, "counter:increment", { name: "moment" });
  await watcher.untilValue(3, (value) => value === 60);
  const seen = new Map<number, unknown>();
  for (const transition of watcher.ofType("Transition")) {
    for (const { queryId, value } of modificationsOf(transition)) seen.set(Number(queryId), value);
    expect(new Set(seen.values()).size).toBe(1);
  }
});

test("a client never sees its mutation's effect before its response", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.add(1, 1, "counter:get", { name: "order" });
  await client.until(isTransition);
  for (let i = 1; i <= 20; i += 1) client.mutate(i, "counter:increment", { name: "order" });
  await client.untilValue(1, (value) => value === 20);
  let answered = 0;
  for (const message of client.received) {
    if (message["type"] === "MutationResponse") answered += 1;
    for (const { value } of modificationsOf(message)) expect(Number(value)).toBeLessThanOrEqual(answered);
  }
});

test("a client that does not read gets the latest state once it does, and not all that it missed", async () => {
  using slow = await RawSyncClient.connect(backend.siteUrl);
  slow.add(1, 1, "counter:wide", { name: "slow reader" });
  await slow.until(isTransition);
  slow.socket.pause();
  using writer = await RawSyncClient.connect(backend.siteUrl);
  const writes = 60;
  for (let i = 1; i <= writes; i += 1) {
    writer.mutate(i, "counter:increment", { name: "slow reader" });
    await writer.until((message) => message["requestId"] === i);
  }
  slow.socket.resume();
  await slow.untilValue(1, (value) => isJsonObject(value) && value["value"] === writes);
  expect(slow.ofType("Transition").length).toBeLessThan(writes / 2);
});

test("an unchanged result is not sent again", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.add(1, 1, "counter:get", { name: "quiet" });
  await client.until(isTransition);
  client.mutate(1, "counter:nothing");
  await client.until((message) => isTransition(message) && client.ofType("Transition").indexOf(message) === 1);
  expect(client.ofType("Transition").at(-1)).toMatchObject({ modifications: [] });
});

test("a repeated mutation is answered and not repeated, on whichever socket it comes", async () => {
  const sessionId = randomUUID();
  const name = `once ${sessionId}`;
  const clients = [];
  for (let i = 0; i < 3; i += 1) clients.push(await RawSyncClient.connect(backend.siteUrl, { sessionId }));
  for (const client of clients) client.mutate(7, "counter:increment", { name });
  for (const client of clients) {
    expect(await client.until((message) => message["type"] === "MutationResponse")).toMatchObject({
      success: true,
      result: 1,
    });
    await client.until(isTransition);
  }
  const [first] = clients;
  first?.add(1, 1, "counter:get", { name });
  await first?.untilValue(1, (value) => value === 1);
  for (const client of clients) client[Symbol.dispose]();
});

test("a failed mutation leaves nothing and passes its data on", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.mutate(1, "counter:refuse");
  expect(await client.until((message) => message["type"] === "MutationResponse")).toEqual({
    type: "MutationResponse",
    requestId: 1,
    success: false,
    result: expect.stringContaining("Server Error"),
    errorData: { code: "REFUSED", n: { $integer: "AQAAAAAAAAA=" } },
    logLines: [],
  });
  client.add(1, 1, "counter:events");
  await client.until(isTransition);
  expect(JSON.stringify(client.valueOf(1))).not.toContain("undone");
});

test("internal and missing functions are refused with the same words", async () => {
  using insider = await RawSyncClient.connect(backend.apiUrl);
  insider.send(admin(backend.adminKey));
  insider.add(1, 1, "counter:hidden");
  // Now there is a result that must not be given to others.
  await insider.untilValue(1, (value) => value === "hidden");
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.add(1, 1, "counter:hidden");
  client.add(2, 2, "counter:absent");
  client.add(3, 3, "_system/cli/queryEnvironmentVariables");
  client.add(4, 4, "counter:get", { name: "x" }, { componentPath: "child" });
  await client.untilValue(4, () => JSON.stringify(client.received).includes('"queryId":4'));
  const failures = JSON.stringify(client.ofType("Transition"));
  expect(failures).toContain("Could not find public function for 'counter:hidden'");
  expect(failures).toContain("Could not find public function for 'counter:absent'");
  expect(failures).toContain("Could not find public function for '_system/cli/queryEnvironmentVariables:default'");
  expect(failures).toContain("Only an admin may call functions of a component");
});

test("a page that was shown keeps its end, so an insert makes it longer and leaves no gap", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  for (let i = 0; i < 3; i += 1) client.mutate(i, "counter:note", { label: `page ${i}` });
  await client.until((message) => message["requestId"] === 2);
  const paginationOpts = { numItems: 2, cursor: null, id: 1 };
  client.add(1, 1, "counter:newest", { paginationOpts });
  const labels = (): string[] => JSON.stringify(client.valueOf(1) ?? null).match(/page \d/g) ?? [];
  await client.untilValue(1, () => labels().length === 2);
  expect(labels()).toEqual(["page 2", "page 1"]);
  client.mutate(3, "counter:note", { label: "page 3" });
  await client.untilValue(1, () => labels().length === 3);
  expect(labels()).toEqual(["page 3", "page 2", "page 1"]);

  const journal = client.modifications()[0]?.["journal"] ?? null;
  using again = await RawSyncClient.connect(backend.siteUrl);
  again.add(1, 1, "counter:newest", { paginationOpts }, { journal });
  await again.until(isTransition);
  expect(again.valueOf(1)).toMatchObject({ page: [{ label: "page 3" }, { label: "page 2" }, { label: "page 1" }] });
});

test("a very large result comes in chunks that join to one transition", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  const length = 6 * 1024 * 1024;
  client.add(1, 1, "counter:big", { length });
  await client.until(
    ({ type, partNumber, totalParts }) => type === "TransitionChunk" && partNumber === Number(totalParts) - 1,
  );
  const joined = client
    .ofType("TransitionChunk")
    .map(({ chunk }) => (typeof chunk === "string" ? chunk : ""))
    .join("");
  const transition = parseJsonObject(joined);
  expect(transition).toMatchObject({ type: "Transition", modifications: [{ value: "é".repeat(length) }] });
  client.mutate(1, "counter:nothing");
  const next = await client.until(isTransition);
  expect(next["startVersion"]).toEqual(transition["endVersion"]);
});

test.each([
  ["JSON that is none", "{"],
  ["an unknown message", JSON.stringify({ type: "Dance" })],
  [
    "a wrong base version",
    JSON.stringify({ type: "ModifyQuerySet", baseVersion: 3, newVersion: 4, modifications: [] }),
  ],
  ["a second Connect", JSON.stringify({ type: "Connect", sessionId: "x", connectionCount: 0, clientTs: 0 })],
  [
    "removing what is not there",
    JSON.stringify({
      type: "ModifyQuerySet",
      baseVersion: 0,
      newVersion: 1,
      modifications: [{ type: "Remove", queryId: 9 }],
    }),
  ],
])("misuse ends the socket for good: %s", async (_name, frame) => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.socket.send(frame);
  expect((await client.untilClosed()).code).toBe(1008);
  expect(client.received.at(-1)).toMatchObject({ type: "FatalError" });
});

test("nothing but Connect may come first", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl, null);
  client.mutate(1, "counter:nothing");
  await client.untilClosed();
  expect(client.received).toMatchObject([{ type: "FatalError" }]);
});

test("a client that has seen the future is sent away without being stopped for good", async () => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(Date.now() + 3_600_000) * 1_000_000n);
  using client = await RawSyncClient.connect(backend.siteUrl, { maxObservedTimestamp: bytes.toString("base64") });
  expect((await client.untilClosed()).code).toBe(1013);
  expect(client.received).toEqual([]);
});

test("a push re-runs what is watched", async () => {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.add(1, 1, "later:text");
  await client.until((message) => JSON.stringify(message).includes("QueryFailed"));
  await backend.push(
    counterApp({
      "auth.config.ts": issuer.authConfig,
      "later.ts": `import { queryGeneric } from "convex/server"; export const text = queryGeneric(async () => "here");`,
    }),
  );
  await client.untilValue(1, (value) => value === "here");
});

test("nothing went wrong inside", () => {
  expect(backend.complaints).toEqual([]);
});
