import { createHash } from "node:crypto";
import { argon2id } from "@noble/hashes/argon2.js";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { Answer, World } from "./world.ts";

let counter = 0;
const sha256 = (text: string, encoding: "hex" | "base64url") => createHash("sha256").update(text).digest(encoding);

/** A key as another system makes them. */
function foreignKey(prefix = "acme-"): string {
  counter += 1;
  return `${prefix}${String(counter).padStart(4, "0")}x${"s3cret".repeat(5)}`;
}

function itemOf(key: string, more: object = {}) {
  counter += 1;
  return {
    name: `imported ${counter}`,
    hash: { algorithm: "sha256-hex", value: sha256(key, "hex") },
    prefix: "acme-",
    start: key.slice(0, 10),
    last4: key.slice(-4),
    ownerKind: "service",
    permissions: ["orders:read"],
    ...more,
  };
}

describe.each(engines)("importing keys on $name", (engine) => {
  let world: World;
  let verifier: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    verifier = (await world.createKey({ name: "judge", ownerKind: "service", permissions: ["keys:verify"] })).key;
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const importAll = async (...items: object[]) => await world.asOwner("POST", "/api/v1/keys/import", { items });
  const use = async (key: string) => await world.call("GET", "/api/v1/whoami", { key });
  const verify = async (key: string) =>
    await world.call("POST", "/api/v1/keys/verify", { key: verifier, body: { key } });
  const end = async (id: string, verb: "revoke" | "delete") =>
    await (verb === "revoke"
      ? world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {})
      : world.asOwner("DELETE", `/api/v1/keys/${id}`));
  async function expectRevokedBySystem(id: string): Promise<void> {
    const record = await world.asOwner("GET", `/api/v1/keys/${id}`);
    expect(record.body).toMatchObject({ status: "revoked", revokeReason: expect.stringContaining("Imported twice") });
    const trail = await world.asOwner("GET", `/api/v1/audit?target=${id}`);
    const entry = {
      action: "key.revoke",
      actor: { type: "system" },
      reason: expect.stringContaining("Imported twice"),
    };
    expect(trail.body).toMatchObject({ items: [entry, { action: "key.import" }] });
  }
  async function importOne(key: string, more: object = {}): Promise<string> {
    const answer = await importAll(itemOf(key, more));
    const [id] = idsOf(answer);
    if (typeof id !== "string") throw new Error(`not imported: ${JSON.stringify(answer.body)}`);
    return id;
  }

  test("N5: a key of another system goes on working here, by its SHA-256 alone, and can be rotated into our format", async () => {
    const key = foreignKey();
    expect(await use(key)).toMatchObject({ status: 401 });
    const id = await importOne(key);
    expect(await use(key)).toMatchObject({ status: 200, body: { keyId: id, permissions: ["orders:read"] } });
    expect((await verify(key)).body).toMatchObject({ code: "VALID", keyId: id });
    const bearer = await world.call("GET", "/api/v1/whoami", { headers: { authorization: `Bearer ${key}` } });
    expect(bearer).toMatchObject({ status: 200, body: { keyId: id } });
    const record = await world.asOwner("GET", `/api/v1/keys/${id}`);
    expect(record.body).toMatchObject({ start: key.slice(0, 10), last4: key.slice(-4), status: "active", version: 1 });
    expect(JSON.stringify(record.body)).not.toContain(sha256(key, "base64url"));

    const rotated = await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, { graceMs: 60_000 });
    expect(rotated.body).toMatchObject({ id, version: 2, start: expect.stringMatching(/^lk_live_\w{10}$/) });
    const ours = String(rotated.body?.["key"]);
    expect(ours.startsWith(`${String(rotated.body?.["start"])}_`)).toBe(true);
    expect([(await use(key)).status, (await use(ours)).status]).toEqual([200, 200]);
    await world.asOwner("POST", `/api/v1/keys/${id}/end-grace`, {});
    expect([(await use(key)).status, (await use(ours)).status]).toEqual([401, 200]);
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    expect((await use(ours)).body).toMatchObject({ code: "KEY_REVOKED" });
  });

  test("both spellings of SHA-256 are the same hash, and a hash is imported once (N5)", async () => {
    const key = foreignKey();
    const value = sha256(key, "base64url");
    await importOne(key, { hash: { algorithm: "sha256-base64url", value } });
    expect((await use(key)).status).toBe(200);
    const again = await importAll(itemOf(key));
    expect(again.body).toMatchObject({ created: 0, items: [{ outcome: "refused", code: "CONFLICT", record: null }] });
  });

  test("H6: a refused item leaves the others be, and says which field is wrong", async () => {
    const [good, other] = [foreignKey(), foreignKey()];
    const answer = await importAll(
      itemOf(good, { name: "imported good" }),
      itemOf(other, { name: "imported good" }),
      itemOf(foreignKey(), { hash: { algorithm: "sha256-hex", value: "abc" } }),
      itemOf(foreignKey(), { start: "acm" }),
      itemOf(foreignKey(), { start: "other-0001" }),
      itemOf(foreignKey(), { prefix: "a" }),
      itemOf(foreignKey(), { last4: "12345" }),
      itemOf("acme-whole", { start: "acme-whole" }),
      itemOf(foreignKey(), { permissions: ["nonsense"] }),
      itemOf(foreignKey(), { expiresAt: null }),
      itemOf(foreignKey(), { hash: { algorithm: "bcrypt", value: hashSync("x", 4).replace("$04$", "$13$") } }),
      itemOf(foreignKey(), { hash: { algorithm: "argon2", value: phc("x", { m: 70_000 }) } }),
      itemOf(foreignKey(), { hash: { algorithm: "argon2", value: phc("x", { t: 9, m: 65_536 }) } }),
    );
    expect(answer).toMatchObject({ status: 200, body: { created: 1 } });
    const items = answer.body?.["items"];
    if (!Array.isArray(items)) throw new Error("no items");
    expect(items.map(({ outcome, code, errors }) => [outcome, code, errors[0]?.path])).toEqual([
      ["created", null, undefined],
      ["refused", "NAME_TAKEN", "name"],
      ["refused", "INVALID_INPUT", "hash.value"],
      ["refused", "INVALID_INPUT", "start"],
      ["refused", "INVALID_INPUT", "start"],
      ["refused", "INVALID_INPUT", "prefix"],
      ["refused", "INVALID_INPUT", "last4"],
      ["refused", "INVALID_INPUT", "start"],
      ["refused", "INVALID_INPUT", "permissions.0"],
      ["refused", "INVALID_INPUT", "expiresAt"],
      ["refused", "INVALID_INPUT", "hash.value"],
      ["refused", "INVALID_INPUT", "hash.value"],
      ["refused", "INVALID_INPUT", "hash.value"],
    ]);
    expect([(await use(good)).status, (await use(other)).status]).toEqual([200, 401]);
    for (const wrong of [[], Array.from({ length: 101 }, () => itemOf(foreignKey()))]) {
      expect(await importAll(...wrong)).toMatchObject({ status: 422, body: { errors: [{ path: "items" }] } });
    }
    expect(await importAll({ ...itemOf(foreignKey()), key: "plaintext" })).toMatchObject({ status: 422 });
  });

  test("E8: an imported key is bound as a created one is, and its import is in the audit trail", async () => {
    const maker = await world.createKey({
      name: "importer",
      ownerKind: "service",
      permissions: ["keys:create", "orders:read"],
      expiresAt: Date.now() + 86_400_000,
    });
    const asMaker = async (...items: object[]) =>
      await world.call("POST", "/api/v1/keys/import", { key: maker.key, body: { items } });
    const key = foreignKey();
    const answer = await asMaker(
      itemOf(key),
      itemOf(foreignKey(), { permissions: ["orders:write"] }),
      itemOf(foreignKey(), { env: "test" }),
      itemOf(foreignKey(), { ownerKind: "personal" }),
      itemOf(foreignKey(), { expiresAt: Date.now() + 2 * 86_400_000 }),
    );
    const items = answer.body?.["items"];
    if (!Array.isArray(items)) throw new Error("no items");
    expect(items.map(({ code }) => code)).toEqual([null, "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"]);
    const plain = await world.createKey({ name: "no importer", ownerKind: "service" });
    const refused = await world.call("POST", "/api/v1/keys/import", { key: plain.key, body: { items: [itemOf(key)] } });
    expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });

    const trail = await world.asOwner("GET", `/api/v1/audit?target=${String(idsOf(answer)[0])}`);
    expect(trail.body).toMatchObject({ items: [{ action: "key.import", actor: { id: maker.id } }] });
    expect(JSON.stringify(trail.body)).not.toContain(sha256(key, "hex"));
    expect(JSON.stringify(trail.body)).not.toContain(sha256(key, "base64url"));
  });

  test("a beginning that nobody registered is unknown, as is one that was, with another rest", async () => {
    const key = foreignKey();
    await importOne(key);
    for (const wrong of [`${key}x`, key.slice(0, -1), "acme-", "zeta-0001xs3cret", `${key} `.repeat(2), `${key}é`]) {
      expect((await verify(wrong)).body).toEqual({ valid: false, code: "NOT_FOUND" });
    }
  });

  describe("of slow hashes", () => {
    test.each(["bcrypt", "argon2"] as const)(
      "a key kept by %s is found at its first use, and fast from then on",
      async (algorithm) => {
        const key = foreignKey();
        const id = await importOne(key, { hash: slow(algorithm, key) });
        const first = await Promise.all([use(key), verify(key), use(key)]);
        expect(first.map(({ body }) => [body?.["keyId"]])).toEqual([[id], [id], [id]]);
        // Far more often than it could be compared in a minute.
        for (let turn = 0; turn < 6; turn += 1) expect((await use(key)).status).toBe(200);
        expect((await use(`${key.slice(0, -1)}0`)).status).toBe(401);
      },
    );

    test("a hash that Argon2's own reference has made is found, as large as one may be", async () => {
      const value = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
      const hash = { algorithm: "argon2", value };
      const id = await importOne("password", { hash, prefix: "pass", start: "password", last4: undefined });
      expect((await use("passwort")).status).toBe(401);
      expect((await use("password")).body).toMatchObject({ keyId: id });
    });

    test("wrong texts are compared a few times per minute and no more, and the right one is then told to wait", async () => {
      const key = foreignKey();
      await importOne(key, { hash: slow("bcrypt", key) });
      const statuses: number[] = [];
      for (let turn = 0; turn < 7; turn += 1) statuses.push((await use(`${key}${turn}`)).status);
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
      const refused = await use(key);
      expect(refused).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      // Other keys of that system are none the slower.
      const other = foreignKey();
      await importOne(other);
      expect((await use(other)).status).toBe(200);
    });

    test("too many at once are turned away instead of waiting for ever", async () => {
      const keys = Array.from({ length: 12 }, () => foreignKey());
      const items = keys.map((key) => itemOf(key, { hash: slow("argon2", key) }));
      expect((await importAll(...items)).body).toMatchObject({ created: 12 });
      const answers = await Promise.all(keys.map(use));
      for (const { status, body } of answers) {
        if (status !== 200) expect({ status, body }).toMatchObject({ status: 503, body: { code: "UNAVAILABLE" } });
      }
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(8);
      for (const key of keys) expect((await use(key)).status).toBe(200);
    });

    test("verifyBatch answers a text that has to wait by itself, and all others as ever", async () => {
      const batch = async (...keys: string[]) =>
        await world.call("POST", "/api/v1/keys/verify-batch", {
          key: verifier,
          body: { items: keys.map((key) => ({ key })) },
        });
      const [tried, fresh] = [foreignKey(), foreignKey()];
      const ours = await world.createKey({ name: "beside", ownerKind: "service" });
      await importOne(tried, { hash: slow("bcrypt", tried) });
      const freshId = await importOne(fresh, { hash: slow("bcrypt", fresh) });
      for (let turn = 0; turn < 5; turn += 1) await verify(`${tried}${turn}`);

      const alone = await verify(tried);
      expect(alone).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
      expect(Number(alone.headers.get("retry-after"))).toBeGreaterThan(0);
      const waits = {
        valid: false,
        code: "RATE_LIMITED",
        reason: "IMPORTED",
        rateLimit: { ok: false, limit: 5, remaining: 0, resetMs: expect.any(Number), retryAfterMs: expect.any(Number) },
      };
      const { status, body } = await batch(ours.key, tried, "nonsense", fresh, `${tried}!`);
      expect(status).toBe(200);
      expect(body?.["results"]).toEqual([
        expect.objectContaining({ code: "VALID", keyId: ours.id }),
        waits,
        { valid: false, code: "NOT_FOUND" },
        expect.objectContaining({ code: "VALID", keyId: freshId }),
        waits,
      ]);
    });

    test("verifyBatch postpones those of too many at once, and has judged them all when it is asked again", async () => {
      const keys = Array.from({ length: 16 }, () => foreignKey());
      const ids = idsOf(await importAll(...keys.map((key) => itemOf(key, { hash: slow("argon2", key) }))));
      const ask = async () => {
        const body = { items: keys.map((key) => ({ key })) };
        const answer = await world.call("POST", "/api/v1/keys/verify-batch", { key: verifier, body });
        const results = answer.body?.["results"];
        if (answer.status !== 200 || !Array.isArray(results)) throw new Error(JSON.stringify(answer.body));
        return results;
      };
      const first = await ask();
      const postponed = first.filter(({ code }) => code !== "VALID");
      expect(postponed.length).toBeGreaterThan(0);
      expect(postponed.length).toBeLessThanOrEqual(8);
      for (const verdict of postponed) {
        expect(verdict).toMatchObject({ code: "RATE_LIMITED", reason: "IMPORTED", rateLimit: { limit: 8 } });
      }
      expect((await ask()).map(({ code, keyId }) => [code, keyId])).toEqual(ids.map((id) => ["VALID", id]));
    });

    test("the beginning has to be one key's only", async () => {
      const [one, two] = [foreignKey(), foreignKey()];
      const answer = await importAll(
        itemOf(one, { hash: slow("bcrypt", one), start: "acme-000" }),
        itemOf(two, { hash: slow("bcrypt", two), start: "acme-000" }),
        itemOf(two, { hash: slow("bcrypt", two), start: two.slice(0, 7) }),
      );
      expect(answer.body).toMatchObject({ created: 1 });
      const items = answer.body?.["items"];
      if (!Array.isArray(items)) throw new Error("no items");
      expect(items.map(({ errors }) => errors[0]?.path)).toEqual([undefined, "start", "start"]);
    });

    test("deleting or rotating a key that was never used takes its slow hash with it", async () => {
      const [rotated, deleted] = [foreignKey(), foreignKey()];
      const rotatedId = await importOne(rotated, { hash: slow("bcrypt", rotated) });
      const deletedId = await importOne(deleted, { hash: slow("bcrypt", deleted) });
      const fresh = await world.asOwner("POST", `/api/v1/keys/${rotatedId}/rotate`, {});
      await world.asOwner("POST", `/api/v1/keys/${deletedId}/revoke`, {});
      await world.asOwner("DELETE", `/api/v1/keys/${deletedId}`);
      expect((await use(String(fresh.body?.["key"]))).status).toBe(200);
      // Were the hashes still there, the sixth of these would be told to wait.
      for (let turn = 0; turn < 7; turn += 1) {
        expect([(await use(rotated)).status, (await use(deleted)).status]).toEqual([401, 401]);
      }
      // So the beginnings are free again.
      await importOne(deleted, { hash: slow("bcrypt", deleted) });
      expect((await use(deleted)).status).toBe(200);
    });

    test.each(["bcrypt", "argon2"] as const)(
      "one by %s is imported once for as long as its key is there, used or not, alive or revoked (N5)",
      async (algorithm) => {
        const key = foreignKey();
        const hash = slow(algorithm, key);
        const id = await importOne(key, { hash });
        const again = async () =>
          await importAll(itemOf(key, { hash }), itemOf(key, { hash, start: key.slice(0, 12) }));
        const conflict = { outcome: "refused", code: "CONFLICT", record: null };
        const refused = { status: 200, body: { created: 0, items: [conflict, conflict] } };
        expect(await again()).toMatchObject(refused);
        expect((await use(key)).body).toMatchObject({ keyId: id });
        expect(await again()).toMatchObject(refused);
        await end(id, "revoke");
        expect(await again()).toMatchObject(refused);
        await end(id, "delete");
        // Like any other that is deleted, it may come back on purpose.
        const anew = await importOne(key, { hash });
        expect((await verify(key)).body).toMatchObject({ code: "VALID", keyId: anew });
      },
    );

    test("a revoked secret does not come back by another salt when its key is deleted, whichever of them was fast", async () => {
      for (const first of ["bcrypt", "sha256-hex"]) {
        const key = foreignKey();
        const id = await importOne(key, first === "bcrypt" ? { hash: slow("bcrypt", key) } : {});
        expect((await use(key)).status).toBe(200);
        const second = await importOne(key, otherwise(key));
        await end(id, "revoke");
        expect((await verify(key)).body).toMatchObject({ code: "REVOKED", keyId: id });
        await end(id, "delete");
        expect((await verify(key)).body).toMatchObject({ code: "REVOKED", keyId: second });
        await expectRevokedBySystem(second);
        // A third one is refused as long as that is there, and good on purpose afterwards.
        expect((await importAll(itemOf(key))).body).toMatchObject({ items: [{ code: "CONFLICT" }] });
        await end(second, "delete");
        expect(await use(key)).toMatchObject({ status: 401 });
        const third = await importOne(key, otherwise(key));
        expect((await verify(key)).body).toMatchObject({ code: "VALID", keyId: third });
      }
    });

    test("of two imports of one unused secret the older has it, even revoked, and the first use ends the newer", async () => {
      for (const [older, newer] of [
        [9, 14],
        [14, 9],
      ]) {
        const key = foreignKey();
        const firstId = await importOne(key, { hash: slow("bcrypt", key), start: key.slice(0, older) });
        const secondId = await importOne(key, { hash: slow("argon2", key), start: key.slice(0, newer) });
        await end(firstId, "revoke");
        expect((await verify(key)).body).toMatchObject({ code: "REVOKED", keyId: firstId });
        await expectRevokedBySystem(secondId);
        await end(firstId, "delete");
        expect(await use(key)).toMatchObject({ status: 401 });
      }
    });

    test("a key that was rotated loses only the old secret when that was another key's", async () => {
      const key = foreignKey();
      const first = await importOne(key);
      const second = await importOne(key, { hash: slow("bcrypt", key) });
      const rotated = await world.asOwner("POST", `/api/v1/keys/${second}/rotate`, { graceMs: 60_000 });
      await end(first, "revoke");
      await end(first, "delete");
      expect(await use(key)).toMatchObject({ status: 401 });
      expect((await verify(String(rotated.body?.["key"]))).body).toMatchObject({ code: "VALID", keyId: second });
    });
  });

  // Last: it takes what room there is.
  test("an organization registers sixteen beginnings and no more", async () => {
    const answer = await importAll(
      ...Array.from({ length: 17 }, (_, index) => {
        const prefixed = foreignKey(`p${String(index).padStart(2, "0")}-`);
        return itemOf(prefixed, { prefix: prefixed.slice(0, 4), start: prefixed.slice(0, 8) });
      }),
    );
    // Some are registered already.
    expect(Number(answer.body?.["created"])).toBeLessThan(16);
    const items = answer.body?.["items"];
    expect(Array.isArray(items) && items.at(-1)).toMatchObject({ code: "INVALID_INPUT", errors: [{ path: "prefix" }] });
  });
});

function slow(algorithm: "bcrypt" | "argon2", key: string): { algorithm: string; value: string } {
  return { algorithm, value: algorithm === "bcrypt" ? hashSync(key, 5) : phc(key, { m: 64 }) };
}

/** The same secret once more, as nobody can tell before it is used. */
function otherwise(key: string): object {
  return { hash: slow("bcrypt", key), start: key.slice(0, 11) };
}

/** Argon2id as the string in which it is commonly kept. */
function phc(key: string, { m = 64, t = 2, p = 1 }: { m?: number; t?: number; p?: number }): string {
  const salt = new Uint8Array(16).fill(7);
  // Too costly ones are refused unread, so they need no true digest.
  const digest = m * t > 1_024 ? new Uint8Array(32) : argon2id(key, salt, { m, t, p, dkLen: 32 });
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${base64(salt)}$${base64(digest)}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}

function idsOf({ body }: Answer): unknown[] {
  const items = body?.["items"];
  return Array.isArray(items) ? items.map(({ record }) => record?.id) : [];
}
