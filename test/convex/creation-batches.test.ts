import { ConvexError } from "convex/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { Caller } from "../../convex/model/rights/callers.ts";
import type { Writer } from "../../convex/model/groupCommit.ts";
import { joinCreation } from "../../convex/model/keys/batches.ts";
import type { Creation } from "../../convex/model/keys/batches.ts";
import { generateKey } from "../../convex/shared/keyFormat.ts";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, refusalOf } from "./world.ts";
import type { Organization, Person } from "./world.ts";

describe.each(engines)("keys that are created together on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;
  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("admin");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const insertAll = async (creations: Creation[]) => await deployment.call(internal.keys.insertAll, { creations });

  test("E8 C9: each is made or refused by its own caller's rights, and a refused one leaves no trace", async () => {
    const member = await organization.join("member");
    const outsider = await (await createOrganization(deployment)).join("admin");
    const foreign: Caller = { ...outsider.caller, organizationId: admin.caller.organizationId };
    const results = await insertAll([
      toCreation(admin.caller, { name: "first", ownerKind: "service" }),
      toCreation(member.caller, { name: "of the organization", ownerKind: "service" }),
      toCreation(admin.caller, { name: "First", ownerKind: "service" }),
      toCreation(foreign, { name: "foreign" }),
      toCreation(admin.caller, { name: "second", ownerKind: "service", permissions: ["nonsense"] }),
      toCreation(admin.caller, { name: "last" }),
    ]);
    expect(results).toMatchObject([
      { key: { name: "first", ownerKind: "service", createdByUserId: admin.userId } },
      { refusal: { code: "FORBIDDEN" } },
      { refusal: { code: "NAME_TAKEN" } },
      { refusal: { code: "FORBIDDEN" } },
      { refusal: { code: "INVALID_INPUT", fields: [{ path: "permissions.0" }] } },
      { key: { name: "last", ownerKind: "personal", ownerUserId: admin.userId } },
    ]);
    const created = (await auditOf(deployment, admin)).filter(({ action }) => action === "key.create");
    const ids = results.flatMap((result) => ("key" in result ? [result.key._id] : []));
    expect(created.map(({ targetId }) => targetId)).toEqual(ids.toReversed());
  });

  test("C9: each entry of the chain names its own request", async () => {
    const ids = ["request one", "request two", "request three"];
    const requests = ids.map((id) => ({ ...admin.caller, request: { id } }));
    await insertAll(requests.map((caller) => toCreation(caller, { name: caller.request.id })));
    const page = await deployment.call(internal.audit.verifyChain, { caller: admin.caller, cursor: null, limit: 100 });
    expect(page).toMatchObject({ broken: null });
    const entries = await auditOf(deployment, admin);
    expect(entries.slice(0, 3).map(({ requestId }) => requestId)).toEqual(ids.toReversed());
  });

  test("E14: of one request that came twice, one creates and the other is a conflict that leaves no trace", async () => {
    const once = { operation: "keys.create", idempotencyKey: "twice", inputHash: "same" };
    const results = await insertAll([
      { ...toCreation(admin.caller, { name: "once" }), once },
      { ...toCreation(admin.caller, { name: "not again" }), once },
    ]);
    expect(results).toMatchObject([{ key: { name: "once" } }, { refusal: { code: "CONFLICT" } }]);
    const entries = (await auditOf(deployment, admin)).filter(({ after }) => after?.includes("not again") === true);
    expect(entries).toEqual([]);
  });

  test("E13: no name is given twice, however many ask for it at once", async () => {
    const wanted = { name: "wanted", ownerKind: "service" } as const;
    const asked = Array.from({ length: 20 }, async () => await refusalOf(createKey(deployment, admin.caller, wanted)));
    const refusals = await Promise.all(asked);
    expect(refusals.filter((refusal) => refusal === null)).toHaveLength(1);
    expect(refusals.filter((refusal) => refusal === "NAME_TAKEN")).toHaveLength(19);
  });
});

test("when several at once fail, each is tried alone, and only the one at fault is told so", async () => {
  const sizes: number[] = [];
  const writer: Writer = {
    runMutation: async (_insertAll, ...[args]) => {
      const names = namesOf(args);
      sizes.push(names.length);
      if (names.length > 1) throw new Error("too much at once");
      if (names[0] === "faulty") throw new Error("at fault");
      return JSON.parse(names[0] === "refused" ? '[{"refusal":{"code":"FORBIDDEN"}}]' : `[{"key":"${names[0]}"}]`);
    },
  };
  const caller: Caller = JSON.parse('{"type":"user","userId":"u","organizationId":"o","request":{"id":"r"}}');
  const creations = ["good", "faulty", "refused", "fine"].map((name) => toCreation(caller, { name }));
  const joined = creations.map(async (creation) => await joinCreation(writer, creation));
  expect(await Promise.allSettled(joined)).toEqual([
    { status: "fulfilled", value: "good" },
    { status: "rejected", reason: new Error("at fault") },
    { status: "rejected", reason: new ConvexError({ code: "FORBIDDEN" }) },
    { status: "fulfilled", value: "fine" },
  ]);
  expect(Math.max(...sizes)).toBe(4);
});

function toCreation(caller: Caller, input: Creation["input"]): Creation {
  const { key, ...parts } = generateKey({ prefix: "lk", env: "live" });
  const now = Date.now();
  const credential = {
    configId: "default",
    referenceId: caller.organizationId,
    key: sha256Base64Url(key),
    enabled: true,
    rateLimitEnabled: false,
    createdAt: now,
    updatedAt: now,
  };
  return { caller, input, secret: { credential, ...parts } };
}

function namesOf(args: unknown): string[] {
  const { creations }: { creations: Creation[] } = JSON.parse(JSON.stringify(args));
  return creations.map(({ input }) => input.name);
}
