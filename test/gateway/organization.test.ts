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
