import { hashSync } from "bcryptjs";
import { describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { foreignKey, idsOf, importInto, itemOf, slow } from "./importing.ts";

describe.each(engines)("importing keys by slow hashes on $name", (engine) => {
  const { importAll, importOne, use, verifier, verify, world } = importInto(engine);
  const end = async (id: string, verb: "revoke" | "delete") =>
    await (verb === "revoke"
      ? world().asOwner("POST", `/api/v1/keys/${id}/revoke`, {})
      : world().asOwner("DELETE", `/api/v1/keys/${id}`));
  async function expectRevokedBySystem(id: string): Promise<void> {
    const record = await world().asOwner("GET", `/api/v1/keys/${id}`);
    expect(record.body).toMatchObject({ status: "revoked", revokeReason: expect.stringContaining("Imported twice") });
    const trail = await world().asOwner("GET", `/api/v1/audit?target=${id}`);
    const entry = {
      action: "key.revoke",
      actor: { type: "system" },
      reason: expect.stringContaining("Imported twice"),
    };
    expect(trail.body).toMatchObject({ items: [entry, { action: "key.import" }] });
  }

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
      await world().call("POST", "/api/v1/keys/verify-batch", {
        key: verifier(),
        body: { items: keys.map((key) => ({ key })) },
      });
    const [tried, fresh] = [foreignKey(), foreignKey()];
    const ours = await world().createKey({ name: "beside", ownerKind: "service" });
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
      const answer = await world().call("POST", "/api/v1/keys/verify-batch", { key: verifier(), body });
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
    const fresh = await world().asOwner("POST", `/api/v1/keys/${rotatedId}/rotate`, {});
    await world().asOwner("POST", `/api/v1/keys/${deletedId}/revoke`, {});
    await world().asOwner("DELETE", `/api/v1/keys/${deletedId}`);
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
      const again = async () => await importAll(itemOf(key, { hash }), itemOf(key, { hash, start: key.slice(0, 12) }));
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
    const rotated = await world().asOwner("POST", `/api/v1/keys/${second}/rotate`, { graceMs: 60_000 });
    await end(first, "revoke");
    await end(first, "delete");
    expect(await use(key)).toMatchObject({ status: 401 });
    expect((await verify(String(rotated.body?.["key"]))).body).toMatchObject({ code: "VALID", keyId: second });
  });

  test("E13 E27: a batch that waits for them judges its other keys by what holds when the wait is over", async () => {
    const keys = [foreignKey(), foreignKey(), foreignKey()];
    const imported = await importAll(
      ...keys.map((key) => itemOf(key, { hash: { algorithm: "bcrypt", value: hashSync(key, 11) } })),
    );
    expect(imported.body).toMatchObject({ created: 3 });
    const { id, key } = await world().createKey({ name: "revoked meanwhile", ownerKind: "service" });
    const order: string[] = [];
    const items = [key, ...keys].map((each) => ({ key: each }));
    const asking = world()
      .call("POST", "/api/v1/keys/verify-batch", { key: verifier(), body: { items } })
      .then((answer) => {
        order.push("batch");
        return answer;
      });
    await world().asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    order.push("revoke");
    const codes = ["REVOKED", "VALID", "VALID", "VALID"].map((code) => expect.objectContaining({ code }));
    expect((await asking).body).toMatchObject({ results: codes });
    // Otherwise nothing was shown.
    expect(order).toEqual(["revoke", "batch"]);
  });
});

/** The same secret once more, as nobody can tell before it is used. */
function otherwise(key: string): object {
  return { hash: slow("bcrypt", key), start: key.slice(0, 11) };
}
