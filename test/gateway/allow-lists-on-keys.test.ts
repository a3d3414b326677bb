import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { fresh, join, makeServiceKey } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

type Key = { id: string; key: string };
type Credential = { key: string } | { headers: Record<string, string> };

/** What can be asked of one key, in an order in which each can be done, and the permission that it takes. */
const OPERATIONS: readonly { verb: string; method: string; path: string; permission: string; body?: object }[] = [
  { verb: "get", method: "GET", path: "", permission: "keys:read" },
  { verb: "explain", method: "POST", path: "/explain", permission: "keys:read", body: {} },
  { verb: "update", method: "PATCH", path: "", permission: "keys:update", body: { description: "changed" } },
  { verb: "rotate", method: "POST", path: "/rotate", permission: "keys:rotate", body: { graceMs: 3_600_000 } },
  { verb: "end-grace", method: "POST", path: "/end-grace", permission: "keys:rotate", body: {} },
  { verb: "disable", method: "POST", path: "/disable", permission: "keys:disable", body: {} },
  { verb: "enable", method: "POST", path: "/enable", permission: "keys:disable", body: {} },
  { verb: "expire", method: "POST", path: "/expire", permission: "keys:expire", body: {} },
  { verb: "revoke", method: "POST", path: "/revoke", permission: "keys:revoke", body: {} },
  { verb: "delete", method: "DELETE", path: "", permission: "keys:delete" },
];

describe.each(engines)("a key's allow list and Latchkey's own keys, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  /** A key within the power of every key that may touch project:1, so that they may rotate and enable it. */
  const makeTarget = async (more: object = {}): Promise<Key> =>
    await makeServiceKey(world, { allowList: ["project:1"], expiresAt: Date.now() + 3_600_000, ...more });
  const makeBound = async (allowList: string[] | null, permissions = ["keys:*", "usage:read"]): Promise<Key> =>
    await makeServiceKey(world, { permissions, allowList });
  const read = async (path: string, key: string): Promise<Answer> =>
    await world.call("GET", `/api/v1/${path}`, { key });
  const usage = async (key: string, query = ""): Promise<Answer> => await read(`usage?by=operation${query}`, key);
  const bulk = async (key: string, body: object): Promise<Answer> =>
    await world.call("POST", "/api/v1/keys/bulk", { key, body });

  /** Whether explaining says that a caller may do this to that key; verifying has to say the same. */
  async function mayBy(caller: Key, permission: string, keyId: string): Promise<boolean> {
    const question = { permission, resource: `key:${keyId}` };
    const { body: said } = await world.asOwner("POST", `/api/v1/keys/${caller.id}/explain`, question);
    const verifying = { key: caller.key, ...question };
    const { body: done } = await world.asOwner("POST", "/api/v1/keys/verify", verifying);
    expect(done?.["valid"]).toBe(said?.["passes"]);
    return said?.["passes"] === true;
  }

  test.each<[string, (target: Key) => string[] | null, { target: boolean; other: boolean }]>([
    ["one key", ({ id }) => [`key:${id}`, "project:1"], { target: true, other: false }],
    ["every key", () => ["key:*", "project:1"], { target: true, other: true }],
    ["everything", () => ["*:*"], { target: true, other: true }],
    ["the team's own resources", () => ["project:*"], { target: false, other: false }],
    ["no list", () => null, { target: true, other: true }],
  ])("E7: %s: each verb does what explaining and verifying say", async (_title, listFor, allowed) => {
    const [target, other] = [await makeTarget(), await makeTarget()];
    const caller = await makeBound(listFor(target));
    const missing = await read("keys/nothing", caller.key);
    expect(missing.status).toBe(404);
    for (const [keyId, isAllowed] of [
      [target.id, allowed.target],
      [other.id, allowed.other],
    ] as const) {
      for (const { verb, method, path, permission, body } of OPERATIONS) {
        expect(await mayBy(caller, permission, keyId), verb).toBe(isAllowed);
        const answer = await world.call(method, `/api/v1/keys/${keyId}${path}`, { key: caller.key, body });
        if (isAllowed) expect(answer.status, verb).toBeLessThan(300);
        else expect([answer.status, answer.body?.["detail"]], verb).toEqual([404, missing.body?.["detail"]]);
      }
    }
    if (allowed.other) return;
    expect((await world.asOwner("GET", `/api/v1/keys/${other.id}`)).body).toMatchObject({
      status: "expiring",
      version: 1,
      description: null,
    });
  });

  test("E7: a key is to itself what any other is, by either of its ids, and may always ask who it is", async () => {
    const changed = { description: "by itself" };
    const bound = await makeBound(["project:1"]);
    const { body } = await world.asOwner("GET", `/api/v1/keys/${bound.id}`);
    const publicId = String(body?.["start"]).split("_")[2];
    for (const keyId of [bound.id, publicId]) {
      expect(await read(`keys/${keyId}`, bound.key)).toMatchObject({ status: 404 });
      expect(await world.call("PATCH", `/api/v1/keys/${keyId}`, { key: bound.key, body: changed })).toMatchObject({
        status: 404,
      });
    }
    expect(await mayBy(bound, "keys:update", bound.id)).toBe(false);
    expect(await read("whoami", bound.key)).toMatchObject({ status: 200 });
    const explained = await world.call("POST", "/api/v1/whoami/explain", { key: bound.key, body: {} });
    expect(explained).toMatchObject({ status: 200, body: { passes: true } });

    await world.asOwner("PATCH", `/api/v1/keys/${bound.id}`, { allowList: [`key:${bound.id}`] });
    expect(await mayBy(bound, "keys:update", bound.id)).toBe(true);
    for (const keyId of [bound.id, publicId]) {
      expect(await read(`keys/${keyId}`, bound.key)).toMatchObject({ status: 200, body: { id: bound.id } });
    }
    const revoked = await world.call("POST", `/api/v1/keys/${bound.id}/revoke`, { key: bound.key, body: {} });
    expect(revoked).toMatchObject({ status: 200, body: { revokedBy: bound.id } });
  });

  test("E7: what is allowed and not permitted is 403, and what is not allowed 404", async () => {
    const [target, other] = [await makeTarget(), await makeTarget()];
    const reader = await makeBound([`key:${target.id}`], ["keys:read"]);
    const revoke = async ({ id }: Key) =>
      await world.call("POST", `/api/v1/keys/${id}/revoke`, { key: reader.key, body: {} });
    expect(await revoke(target)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect(await revoke(other)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  test("E7 E19: a token of the key is bound as the key is", async () => {
    const [target, other] = [await makeTarget(), await makeTarget()];
    const { key } = await makeBound([`key:${target.id}`]);
    const exchanged = await world.call("POST", "/api/v1/token", { key, body: { audience: world.site } });
    const token: Credential = { headers: { authorization: `Bearer ${textOf(exchanged, "token")}` } };
    const ids = idsOf(await world.call("GET", "/api/v1/keys", token));
    expect(ids).toEqual([target.id]);
    expect(await world.call("GET", `/api/v1/keys/${target.id}`, token)).toMatchObject({ status: 200 });
    const revoke = async ({ id }: Key) => await world.call("POST", `/api/v1/keys/${id}/revoke`, { ...token, body: {} });
    expect(await revoke(other)).toMatchObject({ status: 404 });
    expect(await revoke(target)).toMatchObject({ status: 200 });
  });

  test("E7: a personal key is bound as a service key is, and its owner in the browser is not", async () => {
    const person = await join(world, "member");
    const [one, two] = await Promise.all(
      ["one", "two"].map(async (what) => await world.createKey({ name: fresh(what), ownerUserId: person.userId })),
    );
    const service = await makeTarget();
    if (one === undefined || two === undefined) throw new Error("no keys");
    const { key } = await world.createKey({
      name: fresh("bound"),
      ownerUserId: person.userId,
      permissions: ["keys:read", "keys:revoke"],
      allowList: [`key:${one.id}`, `key:${service.id}`],
    });
    // A service key is not the person's, whatever the list says.
    expect(idsOf(await read("keys", key))).toEqual([one.id]);
    const revoke = async (keyId: string, by: object) =>
      (await world.call("POST", `/api/v1/keys/${keyId}/revoke`, { ...by, body: {} })).status;
    expect(await revoke(two.id, { key })).toBe(404);
    expect(await revoke(service.id, { key })).toBe(404);
    expect(await revoke(one.id, { key })).toBe(200);
    expect(await revoke(two.id, { cookie: person.cookie })).toBe(200);
  });

  test("E7: lists show the keys that the allow list names, each once, page by page", async () => {
    const tags = [fresh("paged")];
    const made: Key[] = [];
    for (let index = 0; index < 9; index += 1) made.push(await makeTarget({ tags }));
    const named = made.filter((_key, index) => index % 2 === 0).toReversed();
    const [newest, second] = named;
    if (newest === undefined || second === undefined) throw new Error("no keys");
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, `eve-${process.pid}-${fresh("list")}`);
    const theirs = await world.call("POST", "/api/v1/keys", { cookie: stranger.cookie, body: { name: "theirs" } });
    const noise = Array.from({ length: 100 }, (_none, index) => `key:${index}`);
    // Neither a foreign key, nor another thing, nor what is no id at all.
    const others = [`key:${textOf(theirs, "id")}`, `key:${world.organizationId}`, "project:1", ...noise];
    const bound = await makeBound([...named.map(({ id }) => `key:${id}`), ...others]);
    const ids = named.map(({ id }) => id);
    expect(await allPages(bound.key, "limit=2")).toEqual(ids);
    expect(await allPages(bound.key, `limit=1&tag=${tags[0]}`)).toEqual(ids);
    await world.asOwner("POST", `/api/v1/keys/${newest.id}/revoke`, {});
    await world.asOwner("POST", `/api/v1/keys/${made[1]?.id}/revoke`, {});
    expect(await allPages(bound.key, "limit=2")).toEqual(ids.slice(1));
    expect(await allPages(bound.key, "limit=2&includeDead=true")).toEqual(ids);
    expect(await allPages(bound.key, "limit=2&status=revoked")).toEqual([newest.id]);
    const { body } = await world.asOwner("GET", `/api/v1/keys/${second.id}`);
    const name = encodeURIComponent(String(body?.["name"]));
    expect(await allPages(bound.key, `limit=2&name=${name}`)).toEqual([second.id]);
    expect(await allPages(bound.key, `limit=2&ownerKind=personal`)).toEqual([]);

    const everyKey = await makeBound(["key:*"]);
    expect(await allPages(everyKey.key, `limit=2&tag=${tags[0]}`)).toHaveLength(7);
    const elsewhere = await makeBound(["project:*"]);
    expect(await read("keys", elsewhere.key)).toMatchObject({ status: 200, body: { items: [], nextCursor: null } });
  });

  test("E7: changes of many keys hit those that the allow list names", async () => {
    const tag = fresh("fleet");
    const [one, two, three] = [
      await makeTarget({ tags: [tag] }),
      await makeTarget({ tags: [tag] }),
      await makeTarget({ tags: [tag] }),
    ];
    const { key } = await makeBound([`key:${one.id}`, `key:${two.id}`]);
    const preview = await bulk(key, { verb: "revoke", filter: { tag }, preview: true });
    expect(preview.body).toMatchObject({ count: 2, remaining: false, nextCursor: null });
    expect(outcomesOf(preview)).toEqual([
      [two.id, "done", null],
      [one.id, "done", null],
    ]);
    const keyIds = [three.id, one.id];
    expect(outcomesOf(await bulk(key, { verb: "expire", keyIds, preview: false }))).toEqual([
      [three.id, "skipped", "NOT_FOUND"],
      [one.id, "done", null],
    ]);
    const again = await bulk(key, { verb: "revoke", filter: { tag }, preview: true });
    const done = { verb: "revoke", filter: { tag }, preview: false, confirm: textOf(again, "confirm") };
    expect(outcomesOf(await bulk(key, done))).toEqual([[two.id, "done", null]]);
    expect((await world.asOwner("GET", `/api/v1/keys/${three.id}`)).body).toMatchObject({ status: "expiring" });
    const elsewhere = await makeBound(["project:*"]);
    const found = await bulk(elsewhere.key, { verb: "revoke", filter: {}, preview: true });
    expect(found.body).toMatchObject({ count: 0, items: [], nextCursor: null });
  });

  test("E7: usage is that of the keys that the allow list names, by itself and as a sum", async () => {
    const [one, two, other] = [await makeTarget(), await makeTarget(), await makeTarget()];
    for (const { key } of [one, one, two, other, other, other]) await read("whoami", key);
    await world.deployment.call(internal.usage.flush, {});
    const bound = await makeBound([`key:${one.id}`, `key:${two.id}`]);
    expect(await usage(bound.key, `&keyId=${one.id}`)).toMatchObject({ status: 200, body: { count: 2 } });
    expect(await usage(bound.key, `&keyId=${other.id}`)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(await mayBy(bound, "usage:read", one.id)).toBe(true);
    expect(await mayBy(bound, "usage:read", other.id)).toBe(false);
    expect((await usage(bound.key)).body).toMatchObject({
      count: 3,
      items: [{ name: "whoami", count: 3 }],
      lastUse: null,
    });
    const elsewhere = await makeBound(["project:*"]);
    expect((await usage(elsewhere.key)).body).toMatchObject({ count: 0, items: [] });
    const everyKey = await makeBound(["key:*"]);
    expect(Number((await usage(everyKey.key)).body?.["count"])).toBeGreaterThanOrEqual(6);
  });

  /** The ids on all pages of a list that a key asks for. */
  async function allPages(key: string, query: string): Promise<string[]> {
    const limit = Number(new URLSearchParams(query).get("limit"));
    const ids: string[] = [];
    let cursor: unknown = null;
    do {
      const next = typeof cursor === "string" ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const page = await read(`keys?${query}${next}`, key);
      expect(idsOf(page).length).toBeLessThanOrEqual(limit);
      ids.push(...idsOf(page));
      cursor = page.body?.["nextCursor"];
    } while (cursor !== null);
    return ids;
  }
});

function idsOf({ body }: Answer): string[] {
  const items = body?.["items"];
  if (!Array.isArray(items)) throw new Error(`no items in ${JSON.stringify(body)}`);
  return items.map(({ id }) => id);
}

function outcomesOf({ body }: Answer): unknown[] {
  const items = body?.["items"];
  if (!Array.isArray(items)) throw new Error(`no items in ${JSON.stringify(body)}`);
  return items.map(({ keyId, outcome, code }) => [keyId, outcome, code]);
}
