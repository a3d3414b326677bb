import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { Answer, Person, World } from "./world.ts";

const MINUTE_MS = 60_000;

describe.each(engines)("denied attempts in the audit trail on $name", (engine) => {
  let world: World;
  let stranger: Person;
  let foreignKeyId: string;
  let keyCount = 0;

  beforeAll(async () => {
    world = await openWorld(engine);
    stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, `denied-elsewhere-${process.pid}`);
    foreignKeyId = String((await asStranger("POST", "/api/v1/keys", { name: "foreign" })).body?.["id"]);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());
  afterEach(() => vi.useRealTimers());

  const asStranger = async (method: string, path: string, body?: unknown): Promise<Answer> =>
    await world.call(method, path, {
      cookie: stranger.cookie,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body }),
    });
  const serviceKey = async (permissions: string[]): Promise<{ id: string; key: string }> => {
    keyCount += 1;
    return await world.createKey({ name: `caller ${keyCount}`, ownerKind: "service", permissions });
  };
  const sweep = async () => await world.deployment.call(internal.audit.sweepDenied, {});
  /** What the trail tells of refusals of one caller, oldest first. */
  const deniedOf = async (actorId: string): Promise<AuditEntry[]> => {
    const answer = await world.asOwner("GET", `/api/v1/audit?action=denied&actor=${actorId}&limit=200`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the answer was held against the document
    return (answer.body as { items: AuditEntry[] }).items.toReversed();
  };
  const toldOf = async (actorId: string): Promise<unknown[]> =>
    (await deniedOf(actorId)).map(({ after }) => JSON.parse(after ?? "null"));

  test("E28 a key that lacks the right is told of: what it tried, on what, from where", async () => {
    const { id, key } = await serviceKey(["keys:read"]);
    const { id: target } = await serviceKey(["orders:read"]);
    const refused = await world.call("POST", `/api/v1/keys/${target}/revoke`, {
      key,
      body: {},
      headers: { "user-agent": "a curious program" },
    });
    expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    const [entry, ...others] = await deniedOf(id);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      actor: { type: "key", id, name: `caller ${keyCount - 1}` },
      targetKind: "key",
      targetId: target,
      before: null,
      after: JSON.stringify({ operation: "keys.revoke", code: "FORBIDDEN", suppressed: 0 }),
      requestId: refused.body?.["traceId"],
      agent: "a curious program",
    });
    expect((await world.asOwner("GET", `/api/v1/keys/${target}`)).body).toMatchObject({ status: "active" });
  });

  test("E28 so is an operation on nothing in particular, over REST, tRPC and the short way", async () => {
    const { id, key } = await serviceKey(["orders:read"]);
    const answers = [
      await world.call("GET", "/api/v1/audit", { key }),
      await world.call("GET", "/api/trpc/keys.list", { key }),
      await world.call("POST", "/api/v1/keys/verify", { key, body: { key: "lk_live_x" } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect((await deniedOf(id)).map(({ targetKind, targetId }) => [targetKind, targetId])).toEqual([
      ["operation", "audit.list"],
      ["operation", "keys.list"],
      ["operation", "keys.verify"],
    ]);
  });

  test("E28 a foreign id and one that is nowhere look the same, also in the trail", async () => {
    const { id, key } = await serviceKey(["keys:read", "keys:revoke"]);
    const foreign = await world.call("GET", `/api/v1/keys/${foreignKeyId}`, { key });
    const nowhere = await world.call("POST", `/api/v1/keys/${"0".repeat(32)}/revoke`, { key, body: {} });
    expect([foreign.status, nowhere.status]).toEqual([404, 404]);
    expect((await deniedOf(id)).map(({ targetKind, targetId, after }) => [targetKind, targetId, after])).toEqual([
      ["key", foreignKeyId, JSON.stringify({ operation: "keys.get", code: "NOT_FOUND", suppressed: 0 })],
      ["key", "0".repeat(32), JSON.stringify({ operation: "keys.revoke", code: "NOT_FOUND", suppressed: 0 })],
    ]);
    expect((await asStranger("GET", "/api/v1/audit?action=denied")).body).toMatchObject({ items: [] });
  });

  test("E28 a user is told of by name", async () => {
    const { id: target } = await serviceKey(["orders:read"]);
    const person = await world.signUp("Mallory");
    const { organizationId } = world;
    const data = { organizationId, userId: person.userId, role: "developer", createdAt: Date.now() };
    await world.deployment.call(internal.auth.store.create, {
      table: "member",
      data,
      origin: { userId: null, request: { id: "test" } },
    });
    const refused = await world.call("POST", `/api/v1/keys/${target}/revoke`, { cookie: person.cookie, body: {} });
    expect(refused.status).toBe(403);
    const told = { targetId: target, erased: false, actor: { type: "user", id: person.userId, name: "Mallory" } };
    expect(await deniedOf(person.userId)).toMatchObject([told]);
  });

  test.each([
    ["revoke", "KEY_REVOKED"],
    ["expire", "KEY_EXPIRED"],
    ["disable", "KEY_DISABLED"],
  ])("E28 after %s, the use of a key is told of as %s", async (verb, code) => {
    const { id, key } = await serviceKey(["keys:read", "keys:verify"]);
    await world.asOwner("POST", `/api/v1/keys/${id}/${verb}`, {});
    for (const path of ["/api/v1/keys", "/api/v1/whoami", "/api/trpc/keys.list"]) {
      expect(await world.call("GET", path, { key })).toMatchObject({ status: 401 });
    }
    expect(await toldOf(id)).toEqual([
      { operation: "keys.list", code, suppressed: 0 },
      { operation: "whoami", code, suppressed: 0 },
      { operation: "authenticate", code, suppressed: 0 },
    ]);
  });

  test("E28 a key that is used from elsewhere, or for another organization, is told of", async () => {
    const bound = await world.createKey({
      name: "bound",
      ownerKind: "service",
      permissions: ["keys:read"],
      cidrs: ["203.0.113.0/24"],
    });
    expect((await world.call("GET", "/api/v1/keys", { key: bound.key })).status).toBe(403);
    const { id, key } = await serviceKey(["keys:read"]);
    const elsewhere = { "x-organization-id": "another" };
    expect((await world.call("GET", "/api/v1/keys", { key, headers: elsewhere })).status).toBe(403);
    for (const keyId of [bound.id, id]) {
      expect(await toldOf(keyId)).toEqual([{ operation: "keys.list", code: "FORBIDDEN", suppressed: 0 }]);
    }
  });

  test("E28 a credential that nobody knows is in nobody's trail, and neither is a verdict on another's key", async () => {
    const { id, key } = await serviceKey(["keys:verify"]);
    const dead = await serviceKey(["orders:read"]);
    await world.asOwner("POST", `/api/v1/keys/${dead.id}/revoke`, {});
    const before = (await world.asOwner("GET", "/api/v1/audit?action=denied&limit=200")).body;
    const wrongSecret = `${key.slice(0, -12)}AAAAAAAAAAAA`;
    for (const unknown of [wrongSecret, "lk_live_nothing", "x"]) {
      expect((await world.call("GET", "/api/v1/keys", { key: unknown })).status).toBe(401);
    }
    const verdict = await world.call("POST", "/api/v1/keys/verify", { key, body: { key: dead.key } });
    expect(verdict).toMatchObject({ status: 200, body: { valid: false, code: "REVOKED" } });
    expect((await world.call("GET", "/api/v1/keys?limit=0", { key })).status).toBe(422);
    expect((await world.call("GET", "/api/v1/nothing", { key })).status).toBe(404);
    expect(await toldOf(id)).toEqual([]);
    expect((await world.asOwner("GET", "/api/v1/audit?action=denied&limit=200")).body).toEqual(before);
  });

  test("E28 the same refusal is one entry a minute, with how many there were; each answer stays the same", async () => {
    const { id, key } = await serviceKey(["orders:read"]);
    const start = Date.now();
    const attempt = async (): Promise<unknown> => {
      const { status, body } = await world.call("GET", "/api/v1/audit", { key });
      return { status, body: { ...body, traceId: "" } };
    };
    const first = await attempt();
    for (let round = 0; round < 30; round += 1) expect(await attempt()).toEqual(first);
    expect(await toldOf(id)).toEqual([{ operation: "audit.list", code: "FORBIDDEN", suppressed: 0 }]);

    // Past what the process keeps back, within what the trail does.
    vi.useFakeTimers({ toFake: ["Date"], now: start + MINUTE_MS / 2 });
    await attempt();
    expect(await toldOf(id)).toHaveLength(1);

    vi.setSystemTime(start + 2 * MINUTE_MS);
    await attempt();
    expect(await toldOf(id)).toEqual([
      { operation: "audit.list", code: "FORBIDDEN", suppressed: 0 },
      { operation: "audit.list", code: "FORBIDDEN", suppressed: 31 },
    ]);
  });

  test("E28 what was only counted is told of in the end, and then forgotten", async () => {
    const { id, key } = await serviceKey(["orders:read"]);
    const start = Date.now();
    const attempt = async () => await world.call("GET", "/api/v1/audit", { key });
    await attempt();
    await attempt();
    vi.useFakeTimers({ toFake: ["Date"], now: start + MINUTE_MS / 2 });
    await attempt();
    await sweep();
    expect(await toldOf(id)).toHaveLength(1);
    vi.setSystemTime(start + 2 * MINUTE_MS);
    await sweep();
    await sweep();
    const told = [{ operation: "audit.list", code: "FORBIDDEN" }];
    expect(await toldOf(id)).toMatchObject([...told, ...told]);
    expect((await toldOf(id))[1]).toMatchObject({ suppressed: 2 });
    expect((await deniedOf(id))[1]).toMatchObject({ requestId: "scheduled", ip: null, agent: null });
  });

  test("E28 what a caller wrote gets into the trail only where it is an id: never a key", async () => {
    const { id, key } = await serviceKey(["keys:read"]);
    const secret = key.split("_").at(-1) ?? "";
    for (const text of [key, secret, "x".repeat(300), "%3Cscript%3E", "=1+1"]) {
      expect([404, 422]).toContain((await world.call("GET", `/api/v1/keys/${text}`, { key })).status);
    }
    expect(await toldOf(id)).toEqual([]);
  });

  test("E28 the chain with denied attempts in it is whole", async () => {
    const report = await world.asOwner("GET", "/api/v1/audit/verify?limit=1000");
    expect(report.body).toMatchObject({ broken: null, nextCursor: null });
  });
});
