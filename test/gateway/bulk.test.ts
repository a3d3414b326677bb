import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

let counter = 0;

describe.each(engines)("many keys at once on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  async function make(count: number, more: object = {}): Promise<{ id: string; key: string }[]> {
    return await Promise.all(
      Array.from({ length: count }, async () => {
        counter += 1;
        return await world.createKey({ name: `bulk ${counter}`, ownerKind: "service", ...more });
      }),
    );
  }
  const bulk = async (body: object) => await world.asOwner("POST", "/api/v1/keys/bulk", body);
  const statusOf = async (id: string) => (await world.asOwner("GET", `/api/v1/keys/${id}`)).body?.["status"];

  test("H5: keys by id are revoked, with the reason in each one's audit entry, and repeating it changes nothing", async () => {
    const [one, two] = await make(2);
    const [gone] = await make(1);
    if (one === undefined || two === undefined || gone === undefined) throw new Error("no keys");
    await world.asOwner("POST", `/api/v1/keys/${gone.id}/revoke`, {});
    const wanted = { verb: "revoke", keyIds: [one.id, two.id, gone.id, one.id, "nonsense"], reason: " a leak " };

    const preview = await bulk({ ...wanted, preview: true });
    expect(preview.body).toMatchObject({ preview: true, count: 2, remaining: false, nextCursor: null });
    expect(outcomes(preview)).toEqual([
      [one.id, "done", null],
      [two.id, "done", null],
      [gone.id, "unchanged", null],
      ["nonsense", "skipped", "NOT_FOUND"],
    ]);
    expect(await statusOf(one.id)).toBe("active");

    const done = await bulk({ ...wanted, preview: false, confirm: textOf(preview, "confirm") });
    expect(done.body).toMatchObject({ preview: false, count: 2, confirm: null, remaining: false });
    expect(outcomes(done)).toEqual(outcomes(preview));
    expect((await world.call("GET", "/api/v1/whoami", { key: one.key })).body).toMatchObject({ code: "KEY_REVOKED" });
    const trail = await world.asOwner("GET", `/api/v1/audit?target=${two.id}`);
    expect(trail.body).toMatchObject({ items: [{ action: "key.revoke", reason: "a leak" }, { action: "key.create" }] });

    const again = await bulk({ ...wanted, preview: false });
    expect(again.body).toMatchObject({ count: 0, remaining: false });
    expect(outcomes(again).map(([, outcome]) => outcome)).toEqual(["unchanged", "unchanged", "unchanged", "skipped"]);
    expect((await world.asOwner("GET", `/api/v1/audit?target=${two.id}`)).body?.["items"]).toHaveLength(2);
  });

  test("a filter says first what it hits, and is refused once that has changed", async () => {
    const keys = await make(4, { tags: ["fleet"] });
    const filter = { tag: "fleet" };
    expect(await bulk({ verb: "expire", filter, preview: false })).toMatchObject({
      status: 422,
      body: { errors: [{ path: "confirm" }] },
    });
    const preview = await bulk({ verb: "expire", filter, preview: true });
    expect(preview.body).toMatchObject({ count: 4, remaining: false });
    const confirm = textOf(preview, "confirm");
    const [late] = await make(1, { tags: ["fleet"] });
    expect(await bulk({ verb: "expire", filter, preview: false, confirm })).toMatchObject({
      status: 409,
      body: { code: "CONFLICT" },
    });
    for (const key of [...keys, late]) if (key !== undefined) expect(await statusOf(key.id)).toBe("active");
    // Nor does a preview of something else do.
    const second = textOf(await bulk({ verb: "expire", filter, preview: true }), "confirm");
    expect((await bulk({ verb: "revoke", filter, preview: false, confirm: second })).status).toBe(409);
    expect((await bulk({ verb: "expire", filter, preview: false, confirm: second, expected: 4 })).status).toBe(409);
    const done = await bulk({ verb: "expire", filter, preview: false, confirm: second, expected: 5 });
    expect(done.body).toMatchObject({ count: 5, remaining: false });
    expect(outcomes(done).every(([, outcome]) => outcome === "done")).toBe(true);
    expect((await bulk({ verb: "expire", filter, preview: true })).body).toMatchObject({ count: 0, items: [] });
  });

  test("only dead keys are deleted, and a filter looks for no others", async () => {
    const [dead, live] = await make(2, { tags: ["heap"] });
    if (dead === undefined || live === undefined) throw new Error("no keys");
    await world.asOwner("POST", `/api/v1/keys/${dead.id}/expire`, {});
    const byId = await bulk({ verb: "delete", keyIds: [dead.id, live.id], preview: true });
    expect(outcomes(byId)).toEqual([
      [dead.id, "done", null],
      [live.id, "skipped", "CONFLICT"],
    ]);
    const preview = await bulk({ verb: "delete", filter: { tag: "heap" }, preview: true });
    expect(outcomes(preview)).toEqual([[dead.id, "done", null]]);
    const wanted = { verb: "delete", filter: { tag: "heap" }, preview: false, confirm: textOf(preview, "confirm") };
    expect((await bulk({ ...wanted, reason: "tidying" })).body).toMatchObject({ count: 1 });
    expect((await world.asOwner("GET", `/api/v1/keys/${dead.id}`)).status).toBe(404);
    expect(await statusOf(live.id)).toBe("active");
    const trail = await world.asOwner("GET", `/api/v1/audit?target=${dead.id}&action=key.delete`);
    expect(trail.body).toMatchObject({ items: [{ action: "key.delete", reason: "tidying" }] });
  });

  test("E24: each key goes by the caller's own right to it, and a foreign one is missing", async () => {
    const [service] = await make(1);
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, `bulk-strangers-${process.pid}-${engine.name.length}`);
    const foreign = await world.call("POST", "/api/v1/keys", { cookie: stranger.cookie, body: { name: "theirs" } });
    const expiresAt = Date.now() + 86_400_000;
    const helper = await world.createKey({
      name: "helper",
      ownerKind: "service",
      permissions: ["keys:expire"],
      expiresAt,
    });
    const asHelper = async (body: object) => await world.call("POST", "/api/v1/keys/bulk", { key: helper.key, body });
    const keyIds = [textOf(foreign, "id"), service?.id];
    expect(await asHelper({ verb: "revoke", keyIds, preview: false })).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    // It may end keys that it is told of, but not look for them.
    expect(await asHelper({ verb: "expire", filter: {}, preview: true })).toMatchObject({ status: 403 });
    expect(outcomes(await asHelper({ verb: "expire", keyIds, preview: false }))).toEqual([
      [keyIds[0], "skipped", "NOT_FOUND"],
      [keyIds[1], "done", null],
    ]);
    const theirs = await world.call("GET", `/api/v1/keys/${keyIds[0]}`, { cookie: stranger.cookie });
    expect(theirs.body).toMatchObject({ status: "active" });
  });

  test("a key that ends itself among others ends them too", async () => {
    const others = await make(120);
    const ender = await world.createKey({ name: "ender", ownerKind: "service", permissions: ["keys:revoke"] });
    const keyIds = [ender.id, ...others.map(({ id }) => id)];
    const done = await world.call("POST", "/api/v1/keys/bulk", {
      key: ender.key,
      body: { verb: "revoke", keyIds, preview: false },
    });
    expect(done.body).toMatchObject({ count: 121, remaining: false });
    expect(outcomes(done).map(([id]) => id)).toEqual(keyIds);
    expect((await world.call("GET", "/api/v1/whoami", { key: ender.key })).body).toMatchObject({ code: "KEY_REVOKED" });
  }, 60_000);

  test("H6: a call that is not right is refused by field", async () => {
    for (const [body, path] of [
      [{ verb: "revoke", preview: true }, "keyIds"],
      [{ verb: "revoke", preview: true, keyIds: ["a"], filter: {} }, "keyIds"],
      [{ verb: "revoke", preview: true, keyIds: [] }, "keyIds"],
      [{ verb: "revoke", preview: true, keyIds: Array.from({ length: 501 }, String) }, "keyIds"],
      [{ verb: "enable", preview: true, keyIds: ["a"] }, "verb"],
      [{ verb: "revoke", keyIds: ["a"] }, "preview"],
      [{ verb: "revoke", preview: true, filter: { color: "red" } }, "filter.color"],
      [{ verb: "revoke", preview: true, filter: {}, cursor: "nonsense" }, "cursor"],
      [{ verb: "revoke", preview: true, keyIds: ["a"], cursor: "nonsense" }, "cursor"],
      [{ verb: "revoke", preview: true, keyIds: ["a"], reason: "x".repeat(501) }, "reason"],
    ] as const) {
      expect(await bulk(body)).toMatchObject({ status: 422, body: { errors: [{ path }] } });
    }
  });
});

// One engine is enough for what takes a thousand keys to show.
describe("more keys than one call changes", () => {
  test("E26: the same call goes on until nothing remains, and previews say how far", async () => {
    const [engine] = engines;
    if (engine === undefined) throw new Error("no engine");
    await using world = await openWorld(engine);
    for (let start = 0; start < 700; start += 100) {
      const items = Array.from({ length: 100 }, (_, index) => ({
        name: `many ${start + index}`,
        tags: ["many"],
        hash: { algorithm: "sha256-hex", value: (start + index).toString(16).padStart(64, "0") },
        prefix: "acme-",
        start: "acme-1",
        ownerKind: "service",
      }));
      expect((await world.asOwner("POST", "/api/v1/keys/import", { items })).body).toMatchObject({ created: 100 });
    }
    await world.createKey({ name: "spared" });
    const wanted = { verb: "revoke", filter: { tag: "many" } };
    const bulk = async (more: object) => await world.asOwner("POST", "/api/v1/keys/bulk", { ...wanted, ...more });
    const counts: unknown[] = [];
    let remaining: unknown = true;
    while (remaining === true) {
      const preview = await bulk({ preview: true });
      expect(outcomes(preview)).toHaveLength(Math.min(100, Number(preview.body?.["count"])));
      const done = await bulk({ preview: false, confirm: textOf(preview, "confirm") });
      counts.push([preview.body?.["count"], done.body?.["count"], done.body?.["remaining"]]);
      remaining = done.body?.["remaining"];
    }
    expect(counts).toEqual([
      [700, 500, true],
      [200, 200, false],
    ]);
    const left = await world.asOwner("GET", "/api/v1/keys");
    expect(left.body).toMatchObject({ items: [{ name: "spared" }] });
  }, 120_000);
});

function outcomes({ body }: Answer): [string, string, string | null][] {
  const items = body?.["items"];
  if (!Array.isArray(items)) throw new Error(`no items in ${JSON.stringify(body)}`);
  return items.map(({ keyId, outcome, code }) => [keyId, outcome, code]);
}
