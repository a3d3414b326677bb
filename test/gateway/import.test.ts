import { hashSync } from "bcryptjs";
import { describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { foreignKey, idsOf, importInto, itemOf, phc, sha256 } from "./importing.ts";

describe.each(engines)("importing keys on $name", (engine) => {
  const { importAll, importOne, use, verify, world } = importInto(engine);

  test("N5: a key of another system goes on working here, by its SHA-256 alone, and can be rotated into our format", async () => {
    const key = foreignKey();
    expect(await use(key)).toMatchObject({ status: 401 });
    const id = await importOne(key);
    expect(await use(key)).toMatchObject({ status: 200, body: { keyId: id, permissions: ["orders:read"] } });
    expect((await verify(key)).body).toMatchObject({ code: "VALID", keyId: id });
    const bearer = await world().call("GET", "/api/v1/whoami", { headers: { authorization: `Bearer ${key}` } });
    expect(bearer).toMatchObject({ status: 200, body: { keyId: id } });
    const record = await world().asOwner("GET", `/api/v1/keys/${id}`);
    expect(record.body).toMatchObject({ start: key.slice(0, 10), last4: key.slice(-4), status: "active", version: 1 });
    expect(JSON.stringify(record.body)).not.toContain(sha256(key, "base64url"));

    const rotated = await world().asOwner("POST", `/api/v1/keys/${id}/rotate`, { graceMs: 60_000 });
    expect(rotated.body).toMatchObject({ id, version: 2, start: expect.stringMatching(/^lk_live_\w{10}$/) });
    const ours = String(rotated.body?.["key"]);
    expect(ours.startsWith(`${String(rotated.body?.["start"])}_`)).toBe(true);
    expect([(await use(key)).status, (await use(ours)).status]).toEqual([200, 200]);
    await world().asOwner("POST", `/api/v1/keys/${id}/end-grace`, {});
    expect([(await use(key)).status, (await use(ours)).status]).toEqual([401, 200]);
    await world().asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
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
    const maker = await world().createKey({
      name: "importer",
      ownerKind: "service",
      permissions: ["keys:create", "orders:read"],
      expiresAt: Date.now() + 86_400_000,
    });
    const asMaker = async (...items: object[]) =>
      await world().call("POST", "/api/v1/keys/import", { key: maker.key, body: { items } });
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
    const plain = await world().createKey({ name: "no importer", ownerKind: "service" });
    const refused = await world().call("POST", "/api/v1/keys/import", {
      key: plain.key,
      body: { items: [itemOf(key)] },
    });
    expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });

    const trail = await world().asOwner("GET", `/api/v1/audit?target=${String(idsOf(answer)[0])}`);
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
