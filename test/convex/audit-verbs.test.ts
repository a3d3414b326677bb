import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, refusalOf } from "./world.ts";
import type { Person } from "./world.ts";

type State = Record<string, unknown> | null;
type Told = { action: string; before: State; after: State; reason: string | null };

describe.each(engines)("every verb on a key is exactly one entry on $name", (engine) => {
  let deployment: Deployment;
  let owner: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    owner = await (await createOrganization(deployment)).join("owner");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  /** What some work adds to the whole trail, oldest first. */
  async function told(work: () => Promise<unknown>): Promise<Told[]> {
    const before = (await trail()).length;
    await work();
    return (await trail()).slice(before).map((entry) => ({
      action: entry.action,
      before: JSON.parse(entry.before ?? "null"),
      after: JSON.parse(entry.after ?? "null"),
      reason: entry.reason,
    }));
  }
  const trail = async (): Promise<AuditEntry[]> =>
    (await deployment.call(internal.audit.exportForCaller, { caller: owner.caller, cursor: null, limit: 1000 })).items;

  async function makeKey() {
    const { record } = await createKey(deployment, owner.caller, { permissions: ["orders:read"] });
    return { record, target: { caller: owner.caller, keyId: record._id } };
  }

  test("C9 create: nothing before, the whole key after, and nothing that verifies it", async () => {
    let made: Awaited<ReturnType<typeof createKey>> | undefined;
    const entries = await told(async () => {
      const texts = { name: "told of", description: "by whom", tags: ["told"], metadata: '{"a":1}' };
      made = await createKey(deployment, owner.caller, { ...texts, permissions: ["orders:read"] });
    });
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      action: "key.create",
      before: null,
      after: {
        name: "told of",
        description: "by whom",
        tags: ["told"],
        metadata: '{"a":1}',
        format: "opaque",
        ownerKind: "personal",
        ownerUserId: owner.userId,
        permissions: ["orders:read"],
        expiresAt: made?.record.expiresAt,
        last4: made?.key.slice(-4),
        version: 1,
      },
    });
    expect(JSON.stringify(entries)).not.toContain(made?.key.split("_").at(-1));
  });

  test("C9 delete: the whole key before, nothing after", async () => {
    const { record, target } = await makeKey();
    await deployment.call(internal.keys.revoke, target);
    const entries = await told(async () => await deployment.call(internal.keys.remove, target));
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      action: "key.delete",
      before: {
        name: record.name,
        description: "",
        tags: [],
        permissions: ["orders:read"],
        expiresAt: record.expiresAt,
        last4: record.last4,
      },
      after: null,
    });
  });

  test("C9 expire: the old expiry before, the new one after", async () => {
    const { record, target } = await makeKey();
    const entries = await told(async () => await deployment.call(internal.keys.expire, target));
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ action: "key.expire", before: { expiresAt: record.expiresAt } });
    expect(entries[0]?.after?.["expiresAt"]).toBeLessThanOrEqual(Date.now());
  });

  test("C9 disable, enable, rotate and revoke: one each, old and new state, the reason with the last", async () => {
    const { record, target } = await makeKey();
    const entries = await told(async () => {
      await deployment.call(internal.keys.disable, target);
      await deployment.call(internal.keys.enable, target);
      await deployment.call(internal.credentials.rotate, { ...target, graceMs: 1000 });
      await deployment.call(internal.keys.revoke, { ...target, reason: "leaked" });
    });
    expect(entries).toHaveLength(4);
    const instant = expect.any(Number);
    expect(entries).toMatchObject([
      { action: "key.disable", before: { disabledAt: null }, after: { disabledAt: instant }, reason: null },
      { action: "key.enable", before: { disabledAt: instant }, after: { disabledAt: null }, reason: null },
      {
        action: "key.rotate",
        before: { version: 1, last4: record.last4 },
        after: { version: 2, oldSecretsValidUntil: instant },
      },
      {
        action: "key.revoke",
        before: { revokedAt: null, revokedBy: null },
        after: { revokedAt: instant, revokedBy: owner.userId },
        reason: "leaked",
      },
    ]);
  });

  test("C9 what changes nothing, and what is refused, is no entry", async () => {
    const { target } = await makeKey();
    await deployment.call(internal.keys.disable, target);
    const again = await told(async () => await deployment.call(internal.keys.disable, target));
    expect(again).toEqual([]);
    await deployment.call(internal.keys.revoke, target);
    const refused = await told(async () => {
      await deployment.call(internal.keys.revoke, target);
      expect(await refusalOf(deployment.call(internal.keys.expire, target))).toBe("CONFLICT");
      expect(await refusalOf(deployment.call(internal.keys.enable, target))).toBe("CONFLICT");
      expect(await refusalOf(deployment.call(internal.credentials.rotate, target))).toBe("CONFLICT");
    });
    expect(refused).toEqual([]);
  });
});
