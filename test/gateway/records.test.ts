import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { engines } from "../convex/engines.ts";
import { freshName } from "./recipe.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(engines)("what is told of a key, on $name", (engine) => {
  let world: World;
  let created: { id: string; key: string; record: Record<string, unknown> };
  const expiresAt = Date.now() + 20 * DAY_MS;
  const input = {
    name: "  Billing worker ",
    description: "Books invoices",
    tags: ["billing"],
    permissions: ["orders:read"],
    allowList: ["project:42"],
    rateLimit: { limit: 100, windowMs: 60_000 },
    expiresAt,
  };
  beforeAll(async () => {
    world = await openWorld(engine);
    const { body = {} } = await world.asOwner("POST", "/api/v1/keys", input);
    const { key, ...record } = body;
    created = { id: String(record["id"]), key: String(key), record };
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("C2: its record says whose it is, what it may do and since and until when", async () => {
    const got = await world.asOwner("GET", `/api/v1/keys/${created.id}`);
    expect(got.body).toEqual(created.record);
    expect(got.body).toMatchObject({
      ...input,
      name: "Billing worker",
      organizationId: world.organizationId,
      ownerKind: "personal",
      ownerUserId: world.owner.userId,
      ownerName: "Ada",
      createdByUserId: world.owner.userId,
      createdAt: expect.closeTo(Date.now(), -5),
      status: "active",
    });
  });

  test("C2: when and by whom it was last used is told beside it", async () => {
    const { organizationId, owner, deployment } = world;
    const lastUse = async () => {
      const args = { organizationId, keyIds: [created.id] };
      return (await deployment.call(api.usage.lastUsed, args, owner.userId))?.[0];
    };
    expect(await lastUse()).toMatchObject({ lastUsedAt: null });
    const before = Date.now();
    await world.call("GET", "/api/v1/whoami", { key: created.key, headers: { "user-agent": "a worker" } });
    await expect
      .poll(async () => (await lastUse())?.lastUsedAt ?? 0, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(before);
    expect(await lastUse()).toMatchObject({ keyId: created.id, agent: "a worker" });
  });

  test("C2: its record and every list say who used it last, seconds after", async () => {
    const { id, key } = await world.createKey({ name: "used" });
    const got = async () => (await world.asOwner("GET", `/api/v1/keys/${id}`)).body?.["lastUse"];
    expect(await got()).toBeNull();
    const before = Date.now();
    await world.call("GET", "/api/v1/whoami", { key, headers: { "user-agent": "a nightly job" } });
    await expect.poll(got, { timeout: 20_000 }).toMatchObject({ agent: "a nightly job" });
    const { body } = await world.asOwner("GET", "/api/v1/keys?q=used");
    expect(body?.["items"]).toEqual([expect.objectContaining({ id, lastUse: await got() })]);
    const { at } = Object(await got());
    expect(at).toBeGreaterThanOrEqual(before);
    // A refused call is no use.
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`);
    expect(await world.call("GET", "/api/v1/whoami", { key })).toMatchObject({ status: 401 });
    await world.deployment.call(internal.usage.flush, {});
    expect(await got()).toMatchObject({ at });
  });

  test("H4 C2: a list tells all of it but the secret and its hash", async () => {
    const { id } = await world.createKey({ name: "ended" });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`);
    const listed = await world.asOwner("GET", "/api/v1/keys?includeDead=true");
    expect(listed.body?.["items"]).toEqual([
      expect.objectContaining({ id, name: "ended", status: "revoked", organizationId: world.organizationId }),
      expect.objectContaining({ name: "used", status: "revoked" }),
      { ...created.record, lastUse: expect.objectContaining({ agent: "a worker" }) },
    ]);
    const text = JSON.stringify(listed.body);
    expect(text).not.toContain(created.key.slice(-20));
    expect(text).not.toContain(sha256Base64Url(created.key));
  });

  test("C11 E27: use does not move its expiry", async () => {
    for (let use = 0; use < 3; use += 1) {
      expect((await world.call("GET", "/api/v1/whoami", { key: created.key })).body).toMatchObject({ expiresAt });
    }
    const verdict = await world.asOwner("POST", "/api/v1/keys/verify", { key: created.key });
    expect(verdict.body).toMatchObject({ code: "VALID", expiresAt });
    const got = await world.asOwner("GET", `/api/v1/keys/${created.id}`);
    expect([got.body?.["expiresAt"], textOf(got, "status")]).toEqual([expiresAt, "active"]);
  });

  test("C3: a key is listed by its whole name and by its owner, also as me, for a bulk change too", async () => {
    const name = freshName("Nightly Ｊob");
    const { id } = await world.createKey({ name });
    await world.createKey({ name: `${name} two` });
    const idsOf = async (query: string) => {
      const { body } = await world.asOwner("GET", `/api/v1/keys?${query}`);
      return Array.from(Object(body).items, (item: { id: string }) => item.id);
    };
    const plain = encodeURIComponent(name.toLowerCase().normalize("NFKC"));
    expect(await idsOf(`name=${plain}`)).toEqual([id]);
    expect(await idsOf(`name=${plain}&ownerId=me&ownerKind=personal`)).toEqual([id]);
    expect(await idsOf(`name=${plain}&ownerKind=service`)).toEqual([]);
    expect(await idsOf(`name=${plain}&ownerId=${world.owner.userId}`)).toEqual([id]);
    const filter = { name, ownerId: "me" };
    const preview = await world.asOwner("POST", "/api/v1/keys/bulk", { verb: "revoke", filter, preview: true });
    expect(preview.body).toMatchObject({ count: 1, items: [{ keyId: id }] });
    const wrong = await world.asOwner("GET", "/api/v1/keys?ownerKind=robot");
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: "ownerKind" }] } });
  });
});
