import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

// What only a real socket can send: an HTTP client would tidy it up.
const embedded = engines.filter(({ name }) => name === "embedded backend");

describe.each(embedded)("raw HTTP, on $name", (engine) => {
  let world: World;
  let key: string;
  let other: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    ({ key } = await world.createKey({ name: "raw", ownerKind: "service", permissions: ["keys:verify"] }));
    ({ key: other } = await world.createKey({ name: "other" }));
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test.each([
    ["x-api-key", () => [`x-api-key: ${key}`, `x-api-key: ${other}`]],
    ["x-api-key with one and the same key", () => [`x-api-key: ${key}`, `X-Api-Key: ${key}`]],
    ["Authorization", () => [`authorization: Bearer ${key}`, `authorization: Bearer ${other}`]],
  ])("a repeated %s header is refused as ambiguous", async (_title, headers) => {
    const answer = await sendRaw(world.site, ["GET /api/v1/whoami HTTP/1.1", ...headers()]);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain("AMBIGUOUS_CREDENTIALS");
  });

  test("E21: a body that announces no length is refused once it is too long", async () => {
    const { status, text } = await sendChunks(`${world.site}/api/v1/keys/verify`, key, 40);
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ code: "BODY_TOO_LARGE" });
  });

  test("HEAD answers as GET, without a body", async () => {
    const response = await fetch(`${world.site}/api/v1/keys`, {
      method: "HEAD",
      headers: { cookie: world.owner.cookie },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.text()).toBe("");
  });

  test("C11 a use is noted, and a verification is one", async () => {
    const lastUsed = async (keyId: string) => {
      await world.deployment.call(internal.usage.flush, {});
      const args = { organizationId: world.organizationId, keyIds: [keyId] };
      return (await world.deployment.call(api.usage.lastUsed, args, world.owner.userId))?.[0]?.lastUsedAt;
    };
    const called = await world.createKey({ name: "called" });
    const judged = await world.createKey({ name: "judged" });
    expect([await lastUsed(called.id), await lastUsed(judged.id)]).toEqual([null, null]);
    const before = Date.now();
    await world.call("GET", "/api/v1/whoami", { key: called.key });
    await world.call("POST", "/api/v1/keys/verify", { key, body: { key: judged.key } });
    for (const id of [called.id, judged.id]) expect(await lastUsed(id)).toBeGreaterThanOrEqual(before);
  });

  test("H12: a revoked key dies on the request after the revoke's answer, while many others are under way", async () => {
    const { id, key: doomed } = await world.createKey({ name: "doomed" });
    const use = async () => (await world.call("GET", "/api/v1/whoami", { key: doomed })).status;
    const busy = Promise.all(Array.from({ length: 20 }, use));
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    expect(await Promise.all(Array.from({ length: 20 }, use))).toEqual(Array.from({ length: 20 }, () => 401));
    expect((await busy).every((status) => status === 200 || status === 401)).toBe(true);
  });

  test("E16 E20: nobody chooses the address that the audit trail names", async () => {
    const forged = { "x-latchkey-peer": "203.0.113.66", "x-forwarded-for": "203.0.113.67" };
    const created = await world.call("POST", "/api/v1/keys", {
      cookie: world.owner.cookie,
      headers: forged,
      body: { name: "from where" },
    });
    const paginationOpts = { numItems: 1, cursor: null };
    const args = { organizationId: world.organizationId, paginationOpts };
    const { page } = await world.deployment.call(api.audit.list, args, world.owner.userId);
    expect(page[0]).toMatchObject({ targetId: created.body?.["id"], ip: "127.0.0.1" });
    expect(page[0]?.requestId).toBe(created.headers.get("x-trace-id"));
  });
});

/** Sends these lines as a request and resolves with the whole answer as text. */
async function sendRaw(site: string, lines: string[]): Promise<string> {
  const { hostname, port, host } = new URL(site);
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => (answer += part));
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
    socket.write([...lines, `host: ${host}`, "connection: close", "", ""].join("\r\n"));
  });
}

/** Posts JSON-typed chunks of 64 KiB each without a Content-Length. */
async function sendChunks(url: string, apiKey: string, count: number): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const headers = { "x-api-key": apiKey, "content-type": "application/json" };
    const call = request(url, { method: "POST", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on("error", reject);
    for (let index = 0; index < count; index += 1) call.write("x".repeat(64 * 1024));
    call.end();
  });
}
