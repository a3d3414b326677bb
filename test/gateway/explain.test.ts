import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { freshName } from "./recipe.ts";
import { openWorld, textOf } from "./world.ts";
import type { Body, World } from "./world.ts";

const HOUR_MS = 3_600_000;
const origin = { userId: null, request: { id: "test" } };

describe.each(engines)("explaining, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  async function explain(keyId: string, question: Body): Promise<Body> {
    const answer = await world.asOwner("POST", `/api/v1/keys/${keyId}/explain`, question);
    expect(answer.status).toBe(200);
    return answer.body ?? {};
  }

  test("E7: names the first rule that refuses, as verification does", async () => {
    const { id, key } = await world.createKey({
      name: "bound",
      ownerKind: "service",
      permissions: ["orders:read"],
      cidrs: ["192.0.2.0/24"],
      allowList: ["project:42"],
    });
    const asker = await world.createKey({ name: "asker", ownerKind: "service", permissions: ["keys:verify"] });
    const good = { permission: "orders:read", ip: "192.0.2.7", resource: "project:42" };
    const questions: [Record<string, string>, string | null, string][] = [
      [good, null, "VALID"],
      [{ ...good, ip: "198.51.100.1" }, "address", "FORBIDDEN"],
      [{ ...good, resource: "project:43" }, "resource", "FORBIDDEN"],
      [{ ...good, license: "pro" }, "license", "FORBIDDEN"],
      [{ ...good, permission: "orders:write" }, "permission", "INSUFFICIENT_PERMISSIONS"],
    ];
    for (const [question, decidedBy, code] of questions) {
      expect(await explain(id, question)).toMatchObject({ decidedBy, passes: decidedBy === null });
      const verdict = await world.call("POST", "/api/v1/keys/verify", { key: asker.key, body: { key, ...question } });
      expect(verdict.body?.code).toBe(code);
    }
    await world.asOwner("POST", `/api/v1/keys/${id}/disable`);
    expect(await explain(id, good)).toMatchObject({ passes: false, decidedBy: "status" });
  });

  test("is no use of the key", async () => {
    const { id } = await world.createKey({ name: "unused", ownerKind: "service", permissions: ["orders:read"] });
    await explain(id, { permission: "orders:read" });
    const lastUsed = await world.deployment.call(
      api.usage.lastUsed,
      { organizationId: world.organizationId, keyIds: [id] },
      world.owner.userId,
    );
    expect(lastUsed).toMatchObject([{ lastUsedAt: null }]);
  });

  test("E7: says what gives a permission and what takes it away", async () => {
    const member = await world.signUp("Mo");
    const { organizationId } = world;
    const { store } = internal.auth;
    await world.deployment.call(store.create, {
      table: "member",
      data: { organizationId, userId: member.userId, role: "developer", createdAt: Date.now() },
      origin,
    });
    const made = await world.asOwner("POST", "/api/v1/keys", {
      name: "of Mo",
      ownerUserId: member.userId,
      permissions: ["orders:*"],
    });
    const id = String(made.body?.id);
    expect((await explain(id, { permission: "orders:write OR stock:read" })).permissions).toEqual([
      { permission: "orders:write", held: true, givenBy: ["its permission orders:*"], limitedBy: null },
      { permission: "stock:read", held: false, givenBy: [], limitedBy: null },
    ]);
    await world.deployment.call(store.update, {
      table: "member",
      where: [
        {
          field: "organizationId",
          value: organizationId,
          operator: "eq" as const,
          connector: "AND",
          mode: "sensitive",
        },
        { field: "userId", value: member.userId, operator: "eq" as const, connector: "AND", mode: "sensitive" },
      ],
      only: "first" as const,
      data: { role: "member" },
      origin,
    });
    expect(await explain(id, { permission: "orders:write" })).toMatchObject({
      passes: false,
      decidedBy: "permission",
      permissions: [{ held: false, limitedBy: "Its owner does not hold it now." }],
    });
    expect((await explain(id, { permission: "orders:read" })).passes).toBe(true);
  });

  test("N3: every caller may ask about itself, and about nobody whom it may not see", async () => {
    const { id, key } = await world.createKey({ name: "self", ownerKind: "service", permissions: ["orders:read"] });
    const self = await world.call("POST", "/api/v1/whoami/explain", { key, body: { permission: "orders:read" } });
    expect(self.body).toMatchObject({ passes: true, permissions: [{ givenBy: ["its permission orders:read"] }] });
    const owner = await world.asOwner("POST", "/api/v1/whoami/explain", { permission: "keys:create" });
    expect(owner.body).toMatchObject({ passes: true, permissions: [{ givenBy: ["the role owner"] }] });

    const refused = await world.call("POST", `/api/v1/keys/${id}/explain`, { key, body: {} });
    expect(refused.status).toBe(404);
    expect((await world.asOwner("POST", "/api/v1/keys/nowhere/explain", {})).status).toBe(404);
    const strange = await world.asOwner("POST", "/api/v1/whoami/explain", { ip: "somewhere" });
    expect(strange.status).toBe(422);
    expect(strange.body).toMatchObject({ code: "INVALID_INPUT", errors: [{ path: "ip" }] });
  });

  test("N3: tells all that a key may do, and what gives it, as it is at that moment", async () => {
    const orders = freshName("orders").replaceAll(" ", "-");
    await world.asOwner("POST", "/api/v1/roles", {
      name: orders,
      grants: [{ permission: "orders:read", scope: "any" }],
    });
    const group = { name: freshName("shift"), permissions: ["stock:read"], roles: [] };
    const groupId = textOf(await world.asOwner("POST", "/api/v1/groups", group), "id");
    const license = { name: "pro", validUntil: Date.now() + HOUR_MS };
    const licenseId = textOf(await world.asOwner("POST", "/api/v1/licenses", license), "id");
    const { id, key } = await world.createKey({
      name: "resolved",
      ownerKind: "service",
      permissions: ["files:*"],
      roles: [orders],
      resourcePermissions: [{ resource: "project:42", permissions: ["project:write"] }],
    });
    const alone = {
      permissions: ["files:*", "orders:read"],
      resourcePermissions: [{ resource: "project:42", permissions: ["project:write"] }],
      licenses: [],
      roles: [orders],
      groups: [],
    };
    expect((await explain(id, {})).rights).toEqual(alone);
    await world.asOwner("PUT", `/api/v1/groups/${groupId}/members/${id}`);
    await world.asOwner("PUT", `/api/v1/licenses/${licenseId}/holders/${groupId}`);
    const joined = {
      ...alone,
      permissions: ["files:*", "orders:read", "stock:read"],
      licenses: ["pro"],
      groups: [{ id: groupId, name: group.name }],
    };
    expect((await explain(id, {})).rights).toEqual(joined);
    const asked = { body: { permission: "project:write", resource: "project:42" } };
    const self = await world.call("POST", "/api/v1/whoami/explain", { key, ...asked });
    expect(self.body).toMatchObject({ passes: true, rights: joined });

    // A token carries part of it, and nothing that is for single resources.
    const body = { audience: world.site, permissions: ["files:read"] };
    const token = textOf(await world.call("POST", "/api/v1/token", { key, body }), "token");
    const headers = { authorization: `Bearer ${token}` };
    const narrowed = await world.call("POST", "/api/v1/whoami/explain", { headers, ...asked });
    expect(narrowed.body).toMatchObject({
      passes: false,
      decidedBy: "permission",
      rights: { permissions: ["files:read"], resourcePermissions: [] },
    });
  });

  test("N3: tells a person's rights, and a personal key's with the groups of its owner", async () => {
    const group = { name: freshName("desk"), permissions: ["desk:read"], roles: [] };
    const groupId = textOf(await world.asOwner("POST", "/api/v1/groups", group), "id");
    await world.asOwner("PUT", `/api/v1/groups/${groupId}/members/${world.owner.userId}`);
    const { id } = await world.createKey({ name: "of the owner", permissions: ["desk:read"] });
    expect((await explain(id, {})).rights).toMatchObject({
      permissions: ["desk:read"],
      roles: [],
      groups: [{ id: groupId, name: group.name }],
    });
    const self = await world.asOwner("POST", "/api/v1/whoami/explain", {});
    expect(self.body).toMatchObject({ rights: { roles: ["owner"], groups: [{ id: groupId }] } });
    expect(Object(self.body?.["rights"]).permissions).toEqual(expect.arrayContaining(["keys:create", "desk:read"]));
  });

  test("tells a key that is not valid yet from one that has expired", async () => {
    const { id } = await world.createKey({
      name: "later",
      ownerKind: "service",
      notBefore: Date.now() + HOUR_MS,
      permissions: [],
    });
    expect(await explain(id, {})).toMatchObject({ passes: false, decidedBy: "status" });
    const rules = (await explain(id, {})).rules;
    expect(rules).toContainEqual({ rule: "status", passes: false, asked: true, detail: "It is not valid yet." });
    await world.asOwner("POST", `/api/v1/keys/${id}/expire`);
    expect((await explain(id, {})).rules).toContainEqual(
      expect.objectContaining({ rule: "status", detail: "It has expired, by its date, the policy or disuse." }),
    );
  });
});
