import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LICENSES_MAX } from "#convex/model/rights/effectiveRights.ts";
import { engines } from "../convex/engines.ts";
import { reach } from "../convex/world.ts";
import { fresh, join, make, makeServiceKey, namesOn, refusal, trailOf, verify } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;

describe.each(engines)("licenses on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const assign = async (licenseId: string, holderId: string) =>
    await world.asOwner("PUT", `/api/v1/licenses/${licenseId}/holders/${holderId}`);
  const unassign = async (licenseId: string, holderId: string) =>
    await world.asOwner("DELETE", `/api/v1/licenses/${licenseId}/holders/${holderId}`);

  test("N2: a license is defined, changed, assigned, unassigned and deleted, and all of it told", async () => {
    const name = fresh("premium");
    const created = await world.asOwner("POST", "/api/v1/licenses", { name, seats: 2 });
    const before = { name, description: "", seats: 2, validFrom: null, validUntil: null };
    expect(created).toMatchObject({ status: 201, body: before });
    const id = textOf(created, "id");
    expect((await world.asOwner("GET", `/api/v1/licenses/${id}`)).body).toEqual(created.body);
    const after = { ...before, seats: null, description: "For all" };
    const changed = await world.asOwner("PATCH", `/api/v1/licenses/${id}`, { seats: null, description: "For all" });
    expect(changed).toMatchObject({ status: 200, body: after });
    const key = await makeServiceKey(world);
    const group = await make(world, "groups", { name: fresh("Holders") });
    expect(await assign(id, key.id)).toMatchObject({ status: 200, body: { id: key.id, type: "key" } });
    expect(await assign(id, group)).toMatchObject({ status: 200, body: { id: group, type: "group" } });
    expect(await namesOn(world, `licenses/${id}/holders`, 1)).toHaveLength(2);
    expect((await unassign(id, group)).status).toBe(204);
    expect(await unassign(id, group)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect((await world.asOwner("DELETE", `/api/v1/licenses/${id}`)).status).toBe(204);
    expect((await world.asOwner("GET", `/api/v1/licenses/${id}`)).status).toBe(404);
    expect(await trailOf(world, id)).toMatchObject([
      { action: "license.create", before: null, after: before },
      { action: "license.update", before, after },
      { action: "license.assign", before: null, after: { holderId: key.id, type: "key" } },
      { action: "license.assign", before: null, after: { holderId: group, type: "group" } },
      { action: "license.unassign", before: { holderId: group, type: "group" }, after: null },
      { action: "license.delete", before: after, after: null },
    ]);
  });

  test("N2: a license is refused that has a taken or wrong name, or seats or a validity that are none", async () => {
    const name = fresh("once");
    await make(world, "licenses", { name });
    const post = async (body: Record<string, unknown>) => await world.asOwner("POST", "/api/v1/licenses", body);
    expect(await post({ name })).toMatchObject({ status: 409, body: { code: "NAME_TAKEN" } });
    for (const [body, path] of [
      [{ name: "Premium plan" }, "name"],
      [{ name: "x", seats: 0 }, "seats"],
      [{ name: "x", seats: 5001 }, "seats"],
      [{ name: "x", validFrom: -1 }, "validFrom"],
      [{ name: "x", validFrom: 2, validUntil: 2 }, "validUntil"],
      [{ name: "x", description: "x".repeat(501) }, "description"],
    ] as const) {
      expect(await post(body)).toMatchObject({ status: 422, body: { code: "INVALID_INPUT", errors: [{ path }] } });
    }
  });

  test("N2: verify and whoami tell a key's licenses, its own and its groups', and verify takes one as a condition", async () => {
    const [own, shared, other] = [fresh("own"), fresh("shared"), fresh("other")];
    const [ownId, sharedId] = [
      await make(world, "licenses", { name: own }),
      await make(world, "licenses", { name: shared }),
    ];
    await make(world, "licenses", { name: other });
    const service = await makeServiceKey(world, { permissions: ["orders:read"] });
    const person = await join(world, "developer");
    const personal = await world.createKey({ name: fresh("personal"), ownerUserId: person.userId });
    const group = await make(world, "groups", { name: fresh("Licensed") });
    await assign(ownId, service.id);
    await assign(ownId, personal.id);
    await assign(sharedId, group);
    await world.asOwner("PUT", `/api/v1/groups/${group}/members/${service.id}`);
    await world.asOwner("PUT", `/api/v1/groups/${group}/members/${person.userId}`);
    for (const { key } of [service, personal]) {
      const { body } = await verify(world, key);
      expect(body).toMatchObject({ valid: true, licenses: expect.arrayContaining([own, shared]) });
      expect(body?.["licenses"]).toHaveLength(2);
      const whoami = await world.call("GET", "/api/v1/whoami", { key });
      expect(whoami.body?.["licenses"]).toEqual(body?.["licenses"]);
      for (const license of [own, shared]) {
        expect((await verify(world, key, { license })).body).toMatchObject({ valid: true, code: "VALID" });
      }
      for (const license of [other, "never-defined"]) {
        expect(await verify(world, key, { license })).toMatchObject({
          status: 200,
          body: { valid: false, code: "FORBIDDEN", reason: "LICENSE" },
        });
      }
    }
    // The condition stands beside the permission.
    expect((await verify(world, service.key, { license: own, permission: "orders:write" })).body).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    await world.asOwner("DELETE", `/api/v1/groups/${group}`);
    expect((await verify(world, service.key, { license: shared })).body).toMatchObject({ reason: "LICENSE" });
    await unassign(ownId, service.id);
    expect((await verify(world, service.key)).body).toMatchObject({ licenses: [] });
    await world.asOwner("DELETE", `/api/v1/licenses/${ownId}`);
    expect((await verify(world, personal.key, { license: own })).body).toMatchObject({ reason: "LICENSE" });
  });

  test("N2 E7: a license's validity holds at the very next use, and ends at its instant by itself", async () => {
    const name = fresh("dated");
    const id = await make(world, "licenses", { name });
    const { id: keyId, key } = await makeServiceKey(world);
    await assign(id, keyId);
    const passes = async () => (await verify(world, key, { license: name })).body?.["valid"];
    const date = async (validity: object) => await world.asOwner("PATCH", `/api/v1/licenses/${id}`, validity);
    expect(await passes()).toBe(true);
    await date({ validFrom: Date.now() + HOUR_MS });
    expect(await passes()).toBe(false);
    expect((await verify(world, key)).body).toMatchObject({ valid: true, licenses: [] });
    await date({ validFrom: Date.now() - HOUR_MS, validUntil: Date.now() - 1 });
    expect(await passes()).toBe(false);
    const validUntil = Date.now() + 2_000;
    await date({ validUntil });
    expect(await passes()).toBe(true);
    await reach(validUntil);
    expect(await passes()).toBe(false);
    await date({ validUntil: null });
    expect(await passes()).toBe(true);
  });

  test("N2: each assignment takes one seat, a repeated one none, and a freed one can be taken", async () => {
    const id = await make(world, "licenses", { name: fresh("seated"), seats: 2 });
    const [first, second, third] = [
      await makeServiceKey(world),
      await makeServiceKey(world),
      await makeServiceKey(world),
    ];
    expect((await assign(id, first.id)).status).toBe(200);
    expect((await assign(id, first.id)).status).toBe(200);
    expect((await assign(id, second.id)).status).toBe(200);
    const full = { status: 409, body: { code: "CONFLICT", detail: expect.stringContaining("2 seats") } };
    expect(await assign(id, third.id)).toMatchObject(full);
    expect(await world.asOwner("PATCH", `/api/v1/licenses/${id}`, { seats: 1 })).toMatchObject({ status: 409 });
    expect((await unassign(id, first.id)).status).toBe(204);
    expect((await assign(id, third.id)).status).toBe(200);
    // A dead key keeps its seat until it is deleted.
    await world.asOwner("POST", `/api/v1/keys/${third.id}/revoke`);
    expect(await assign(id, first.id)).toMatchObject(full);
    await world.asOwner("DELETE", `/api/v1/keys/${third.id}`);
    expect((await assign(id, first.id)).status).toBe(200);
    expect(await assign(id, third.id)).toMatchObject({ status: 404 });
    // So does a deleted group give its own back.
    const group = await make(world, "groups", { name: fresh("Seated") });
    await unassign(id, first.id);
    await assign(id, group);
    await world.asOwner("DELETE", `/api/v1/groups/${group}`);
    expect((await assign(id, first.id)).status).toBe(200);
  });

  test("N2: of several at once that want the last seat, one gets it", async () => {
    const id = await make(world, "licenses", { name: fresh("last"), seats: 1 });
    const keys = await Promise.all(Array.from({ length: 5 }, async () => await makeServiceKey(world)));
    const answers = await Promise.all(keys.map(async (key) => await assign(id, key.id)));
    expect(answers.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([
      200, 409, 409, 409, 409,
    ]);
    expect(await namesOn(world, `licenses/${id}/holders`, 10)).toHaveLength(1);
  });

  test("N2: one key holds so many licenses at most", async () => {
    const { id, key } = await makeServiceKey(world);
    const ids: string[] = [];
    const statuses: number[] = [];
    for (let count = 0; count <= LICENSES_MAX; count += 1) {
      ids.push(await make(world, "licenses", { name: fresh("many") }));
      statuses.push((await assign(ids.at(-1) ?? "", id)).status);
    }
    expect(statuses).toEqual([...Array.from({ length: LICENSES_MAX }, () => 200), 409]);
    expect((await verify(world, key)).body?.["licenses"]).toHaveLength(LICENSES_MAX);
    // A deleted one makes room, once its assignments are forgotten.
    await world.asOwner("DELETE", `/api/v1/licenses/${ids[0]}`);
    expect((await verify(world, key)).body?.["licenses"]).toHaveLength(LICENSES_MAX - 1);
    await expect.poll(async () => (await assign(ids.at(-1) ?? "", id)).status).toBe(200);
  });

  test("E12 T9: licenses are for who manages them, and never for what is foreign or dead", async () => {
    const id = await make(world, "licenses", { name: fresh("ours") });
    const { id: keyId } = await makeServiceKey(world);
    const developer = await join(world, "developer");
    const { cookie } = developer;
    expect(await refusal(world, "GET", `licenses/${id}`, { cookie })).toBeNull();
    const body = { name: fresh("theirs") };
    expect(await refusal(world, "POST", "licenses", { cookie, body })).toBe("FORBIDDEN");
    for (const [method, path] of [
      ["PATCH", `licenses/${id}`],
      ["DELETE", `licenses/${id}`],
      ["PUT", `licenses/${id}/holders/${keyId}`],
      ["DELETE", `licenses/${id}/holders/${keyId}`],
    ] as const) {
      expect(await refusal(world, method, path, { cookie, ...(method !== "DELETE" && { body: {} }) })).toBe(
        "FORBIDDEN",
      );
    }
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, fresh(`license-strangers-${process.pid}-${engine.name.length}`));
    const theirs = await world.call("POST", "/api/v1/keys", { cookie: stranger.cookie, body: { name: "theirs" } });
    expect(await refusal(world, "GET", `licenses/${id}`, { cookie: stranger.cookie })).toBe("NOT_FOUND");
    for (const foreign of [textOf(theirs, "id"), stranger.userId, "nonsense"]) {
      expect(await assign(id, foreign)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    }
    await world.asOwner("POST", `/api/v1/keys/${keyId}/expire`);
    expect(await assign(id, keyId)).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
  });

  describe("E8 E9: come to nobody by a detour", () => {
    const grants = ["groups:manage", "keys:read", "keys:create", "keys:rotate", "keys:disable", "keys:update"].map(
      (permission) => ({ permission, scope: "any" }),
    );
    let name: string;
    let license: string;
    let group: string;
    let role: string;
    beforeAll(async () => {
      [name, role] = [fresh("detoured"), fresh("keeper")];
      license = await make(world, "licenses", { name });
      group = await make(world, "groups", { name: fresh("Licensed") });
      await assign(license, group);
      await make(world, "roles", { name: role, grants });
    });

    test("who fills a group that holds one has to be somebody who may assign it", async () => {
      const { cookie, userId } = await join(world, role);
      const put = async (id: string) =>
        await refusal(world, "PUT", `groups/${group}/members/${id}`, { cookie, body: {} });
      expect(await put(userId)).toBe("FORBIDDEN");
      await unassign(license, group);
      expect(await put(userId)).toBeNull();
      await assign(license, group);
      await make(world, "roles", { name: `${role}-too`, grants: [{ permission: "licenses:manage", scope: "any" }] });
      await world.asOwner("PATCH", `/api/v1/members/${userId}`, { roles: [role, `${role}-too`] });
      const another = await join(world, "member");
      expect(await put(another.userId)).toBeNull();
    });

    test("who makes, rotates, changes or enables a key with one has to hold it, or be its owner", async () => {
      const holder = await join(world, "developer");
      await world.asOwner("PUT", `/api/v1/groups/${group}/members/${holder.userId}`, {});
      const { cookie } = await join(world, role);
      const [service, personal] = [
        await makeServiceKey(world, {}),
        await world.createKey({ name: fresh("personal"), ownerUserId: holder.userId }),
      ];
      await assign(license, service.id);
      const calling = await makeServiceKey(world, { permissions: grants.map(({ permission }) => permission) });
      await world.asOwner("POST", `/api/v1/keys/${service.id}/disable`, {});
      await world.asOwner("POST", `/api/v1/keys/${personal.id}/disable`, {});
      const onBehalf = { name: fresh("on behalf"), ownerUserId: holder.userId };
      expect(await refusal(world, "POST", "keys", { cookie, body: onBehalf })).toBe("FORBIDDEN");
      for (const [method, path, body] of [...acts(service.id), ...acts(personal.id)]) {
        expect(await refusal(world, method, path, { cookie, body })).toBe("FORBIDDEN");
      }
      for (const [method, path, body] of acts(service.id)) {
        expect(await refusal(world, method, path, { key: calling.key, body })).toBe("FORBIDDEN");
      }
      // Its texts give nothing, and a license that the key itself holds is no more than it has.
      const renamed = { cookie, body: { description: "The same key" } };
      expect(await refusal(world, "PATCH", `keys/${service.id}`, renamed)).toBeNull();
      await assign(license, calling.id);
      for (const [method, path, body] of acts(service.id).toReversed()) {
        expect(await refusal(world, method, path, { key: calling.key, body })).toBeNull();
      }
      for (const [method, path, body] of acts(personal.id).toReversed()) {
        expect(await refusal(world, method, path, { cookie: holder.cookie, body })).toBeNull();
      }
    });
  });
});

/** What brings a paused key to life for whoever does it. */
function acts(id: string): [string, string, Record<string, unknown>][] {
  return [
    ["POST", `keys/${id}/rotate`, {}],
    ["PATCH", `keys/${id}`, { cidrs: ["192.0.2.0/24"] }],
    ["POST", `keys/${id}/enable`, {}],
  ];
}
