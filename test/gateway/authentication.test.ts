import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checksum, generateKey } from "#convex/shared/keyFormat.ts";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Parts, World } from "./world.ts";

const unknownKey = generateKey({ prefix: "lk", env: "live" }).key;

describe.each(engines)("who calls, on $name", (engine) => {
  let world: World;
  let key: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    ({ key } = await world.createKey({ name: "caller" }));
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const whoami = async (parts: Parts) => await world.call("GET", "/api/v1/whoami", parts);

  test("T17 R11: a key in x-api-key, a key as bearer, a session as bearer and a cookie each say who calls", async () => {
    const { cookie, token, userId } = world.owner;
    const asKey = { status: 200, body: { type: "key", name: "caller", organizationId: world.organizationId } };
    const asUser = { status: 200, body: { type: "user", userId, role: "owner", organizationId: world.organizationId } };
    expect(await whoami({ key })).toMatchObject(asKey);
    expect(await whoami({ headers: { authorization: `Bearer ${key}` } })).toMatchObject(asKey);
    expect(await whoami({ headers: { authorization: `Bearer ${token}` } })).toMatchObject(asUser);
    expect(await whoami({ cookie })).toMatchObject(asUser);
    expect(await whoami({ key, cookie })).toMatchObject(asKey);
  });

  test.each(["__Secure-", "__Host-"])("T15: the session cookie is known as %s too", async (prefix) => {
    const cookie = world.owner.cookie.replace("latchkey.", `${prefix}latchkey.`);
    expect(await whoami({ cookie })).toMatchObject({ status: 200, body: { userId: world.owner.userId } });
  });

  test("N7 E23: everything that is no credential of ours gets one and the same answer", async () => {
    const last = key.at(-1) === "a" ? "b" : "a";
    const answers = [
      await whoami({}),
      await whoami({ key: "nonsense" }),
      await whoami({ key: unknownKey }),
      await whoami({ key: key.slice(0, -1) + last }),
      // A wrong secret under a right checksum: only the lookup can tell.
      await whoami({ key: withSecretChanged(key) }),
      await whoami({ key: "" }),
      await whoami({ headers: { authorization: "Bearer abcdefghijklmnopqrstuvwxyz012345" } }),
      await whoami({ headers: { authorization: `Basic ${btoa("a:b")}` } }),
      await whoami({ cookie: "latchkey.session_token=forged.AAAA" }),
      await whoami({ cookie: world.owner.cookie.replace("%3D", "").slice(0, -4) }),
    ];
    const [first] = answers;
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
      expect({ ...answer.body, traceId: "" }).toEqual({ ...first?.body, traceId: "" });
    }
    expect(first?.body).toMatchObject({ code: "UNAUTHENTICATED", status: 401, title: "Unauthorized" });
  });

  test("E15 T16: two credentials that differ are refused as ambiguous", async () => {
    for (const parts of [
      { key, headers: { authorization: `Bearer ${unknownKey}` } },
      { key, headers: { authorization: `Bearer ${world.owner.token}` } },
      { key: `${key}, ${key}` },
    ]) {
      expect(await whoami(parts)).toMatchObject({ status: 400, body: { code: "AMBIGUOUS_CREDENTIALS" } });
    }
    expect(await whoami({ key, headers: { authorization: `Bearer ${key}` } })).toMatchObject({ status: 200 });
  });

  test("a signed-out session is no session, in any form", async () => {
    const person = await world.signUp("Gone");
    await world.createOrganization(person, `gone-${process.pid}-${engine.name.length}`);
    expect(await whoami({ cookie: person.cookie })).toMatchObject({ status: 200 });
    await world.call("POST", "/api/auth/sign-out", { cookie: person.cookie, body: {} });
    expect(await whoami({ cookie: person.cookie })).toMatchObject({ status: 401 });
    expect(await whoami({ headers: { authorization: `Bearer ${person.token}` } })).toMatchObject({ status: 401 });
  });

  test("E12: a key acts in its own organization, whatever a header says; it may name that by id or slug", async () => {
    const token = textOf(await world.call("POST", "/api/v1/token", { key, body: { audience: world.site } }), "token");
    const slug = textOf(await world.asOwner("GET", "/api/v1/organization"), "slug");
    const stranger = await world.signUp("Elsewhere");
    const foreignSlug = `elsewhere-${process.pid}-${engine.name.length}`;
    const foreignId = await world.createOrganization(stranger, foreignSlug);
    for (const bearer of [key, token]) {
      const naming = async (organization: string) =>
        await whoami({ headers: { authorization: `Bearer ${bearer}`, "x-organization-id": organization } });
      for (const own of [world.organizationId, slug]) {
        expect(await naming(own)).toMatchObject({ status: 200, body: { organizationId: world.organizationId } });
      }
      const nowhere = await naming("another");
      expect(nowhere).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
      for (const foreign of [foreignId, foreignSlug, "", slug.toUpperCase()]) {
        const refused = await naming(foreign);
        expect({ ...refused.body, traceId: "" }, foreign).toEqual({ ...nowhere.body, traceId: "" });
      }
    }
  });

  test("E12: a key names its organization by the slug that it has now", async () => {
    const person = await world.signUp("Renamer");
    const [before, after] = ["before", "after"].map((name) => `${name}-${process.pid}-${engine.name.length}`);
    await world.createOrganization(person, before ?? "");
    const { cookie } = person;
    const made = await world.call("POST", "/api/v1/keys", { cookie, body: { name: "renamed" } });
    const naming = async (slug = "") =>
      (await whoami({ key: textOf(made, "key"), headers: { "x-organization-id": slug } })).status;
    expect([await naming(before), await naming(after)]).toEqual([200, 403]);
    await world.call("PATCH", "/api/v1/organization", { cookie, body: { slug: after } });
    expect([await naming(before), await naming(after)]).toEqual([403, 200]);
  });

  test("T17: a person in several organizations has to name one, by id or slug", async () => {
    const person = await world.signUp("Many");
    const { cookie } = person;
    const named = async (organization?: string) =>
      await whoami({ cookie, ...(organization !== undefined && { headers: { "x-organization-id": organization } }) });
    expect(await named()).toMatchObject({ status: 400, body: { code: "ORGANIZATION_REQUIRED" } });
    const slug = `many-${process.pid}-${engine.name.length}`;
    const first = await world.createOrganization(person, `${slug}-1`);
    expect(await named()).toMatchObject({ status: 200, body: { organizationId: first } });
    const second = await world.createOrganization(person, `${slug}-2`);
    expect(await named()).toMatchObject({ status: 400, body: { code: "ORGANIZATION_REQUIRED" } });
    expect(await named(first)).toMatchObject({ status: 200, body: { organizationId: first } });
    expect(await named(`${slug}-2`)).toMatchObject({ status: 200, body: { organizationId: second } });
    expect(await named(world.organizationId)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  test("E12 E24: an id of another organization is as unknown as one that does not exist", async () => {
    const { id } = await world.createKey({ name: "ours" });
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, `eve-${process.pid}-${engine.name.length}`);
    const { cookie } = stranger;
    for (const [method, suffix] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/revoke"],
      ["POST", "/rotate"],
      ["POST", "/disable"],
    ] as const) {
      const body = method === "POST" ? {} : undefined;
      const foreign = await world.call(method, `/api/v1/keys/${id}${suffix}`, { cookie, body });
      const missing = await world.call(method, `/api/v1/keys/nothing${suffix}`, { cookie, body });
      expect(foreign).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
      expect({ ...foreign.body, traceId: "" }).toEqual({ ...missing.body, traceId: "" });
    }
  });
});

function withSecretChanged(key: string): string {
  const body = key.slice(0, -6);
  const changed = body.slice(0, -1) + (body.endsWith("a") ? "b" : "a");
  return changed + checksum(changed);
}
