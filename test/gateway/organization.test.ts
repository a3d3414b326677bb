import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { fresh, join, makeServiceKey, refusal, trailOf } from "./cast.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

describe.each(engines)("the organization on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const slugOf = (what: string) => `${fresh(what)}-${process.pid}-${engine.name.length}`;

  test("C9: is shown and renamed, by its new slug at once, and the change is told", async () => {
    const before = (await world.asOwner("GET", "/api/v1/organization")).body;
    expect(before).toMatchObject({ id: world.organizationId, name: expect.any(String), slug: expect.any(String) });
    const slug = slugOf("renamed");
    const changed = await world.asOwner("PATCH", "/api/v1/organization", { name: " Rénamed ", slug });
    expect(changed).toMatchObject({ status: 200, body: { ...before, name: "Rénamed", slug } });
    const bySlug = await world.call("GET", "/api/v1/organization", {
      cookie: world.owner.cookie,
      headers: { "x-organization-id": slug },
    });
    expect(bySlug.body).toEqual(changed.body);
    expect((await trailOf(world, world.organizationId)).at(-1)).toMatchObject({
      action: "organization.update",
      before: { name: before?.["name"], slug: before?.["slug"] },
      after: { name: "Rénamed", slug },
      actor: { type: "user", id: world.owner.userId },
    });
    const told = await trailOf(world, world.organizationId);
    expect((await world.asOwner("PATCH", "/api/v1/organization", { name: "Rénamed", slug })).body).toEqual(
      changed.body,
    );
    expect(await trailOf(world, world.organizationId)).toEqual(told);
  });

  test("E2: what new keys begin with is its own choice, told in the trail; keys that are there keep theirs", async () => {
    const old = await world.createKey({ name: fresh("old") });
    expect((await world.asOwner("GET", "/api/v1/organization")).body).toMatchObject({ keyPrefix: "lk" });
    const changed = await world.asOwner("PATCH", "/api/v1/organization", { keyPrefix: "acme9" });
    expect(changed).toMatchObject({ status: 200, body: { keyPrefix: "acme9" } });
    expect((await trailOf(world, world.organizationId)).at(-1)).toMatchObject({
      action: "organization.update",
      before: { keyPrefix: "lk" },
      after: { keyPrefix: "acme9" },
    });
    for (const format of ["opaque", "jwt"]) {
      const { id, key } = await world.createKey({ name: fresh("new"), format });
      const { body } = await world.asOwner("GET", `/api/v1/keys/${id}`);
      expect(body).toMatchObject({ prefix: "acme9", start: expect.stringMatching(/^acme9_live_/) });
      expect(await refusal(world, "GET", "whoami", { key })).toBeNull();
      expect(await refusal(world, "GET", "whoami", { headers: { authorization: `Bearer ${key}` } })).toBeNull();
    }
    expect(await refusal(world, "GET", "whoami", { key: old.key })).toBeNull();
    const rotated = await world.asOwner("POST", `/api/v1/keys/${old.id}/rotate`);
    expect(rotated.body).toMatchObject({ key: expect.stringMatching(/^lk_live_/) });
    const own = { name: fresh("own"), prefix: "mine" };
    expect(await world.asOwner("POST", "/api/v1/keys", own)).toMatchObject({
      status: 422,
      body: { errors: [{ path: "prefix" }] },
    });
    await world.asOwner("PATCH", "/api/v1/organization", { keyPrefix: "lk" });
  });

  test("T9: is refused a wrong or taken name, and everybody without the right", async () => {
    const patch = async (body: Record<string, unknown>) => await world.asOwner("PATCH", "/api/v1/organization", body);
    for (const [body, path] of [
      [{ name: " " }, "name"],
      [{ name: "x".repeat(101) }, "name"],
      [{ slug: "" }, "slug"],
      [{ slug: "Two Words" }, "slug"],
      [{ slug: "-edge" }, "slug"],
      [{ slug: "x".repeat(41) }, "slug"],
      [{ keyPrefix: "L" }, "keyPrefix"],
    ] as const) {
      expect(await patch(body)).toMatchObject({ status: 422, body: { code: "INVALID_INPUT", errors: [{ path }] } });
    }
    const other = await world.signUp("Other");
    const slug = slugOf("taken");
    await world.createOrganization(other, slug);
    expect(await patch({ slug })).toMatchObject({ status: 409, body: { code: "NAME_TAKEN" } });
    const { cookie } = await join(world, "developer");
    expect(await refusal(world, "GET", "organization", { cookie })).toBeNull();
    expect(await refusal(world, "PATCH", "organization", { cookie, body: { name: "Mine" } })).toBe("FORBIDDEN");
    const key = (await makeServiceKey(world, { permissions: ["organization:read"] })).key;
    expect(await refusal(world, "GET", "organization", { key })).toBeNull();
    expect(await refusal(world, "PATCH", "organization", { key, body: { name: "Mine" } })).toBe("FORBIDDEN");
  });
});
