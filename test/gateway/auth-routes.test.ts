import { organization } from "better-auth/plugins/organization";
import { jwt } from "better-auth/plugins/jwt";
import { betterAuth } from "better-auth/minimal";
import { apiKey } from "@better-auth/api-key";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { internal } from "#convex/_generated/api.js";
import { isAuthRoute } from "#convex/auth/routes.ts";
import { engines } from "../convex/engines.ts";
import { AND } from "../convex/world.ts";
import { openWorld } from "./world.ts";
import type { Person, World } from "./world.ts";

const OPEN = [
  "POST /sign-up/email",
  "POST /sign-in/email",
  "POST /sign-out",
  "GET /get-session",
  "GET /token",
  "GET /jwks",
  "POST /organization/create",
  "GET /organization/list",
  "POST /organization/set-active",
];

/** Every route that better-auth and the plugins would serve by themselves. */
function allRoutes(): string[] {
  const { api } = betterAuth({
    secret: "only for listing what there is, nothing is signed",
    baseURL: "http://localhost",
    plugins: [organization({ teams: { enabled: true }, dynamicAccessControl: { enabled: true } }), jwt(), apiKey()],
  });
  const Endpoint = z.object({
    path: z.string(),
    options: z.object({ method: z.union([z.string(), z.array(z.string())]) }),
  });
  return Object.values(api).flatMap((endpoint) => {
    const { data } = Endpoint.safeParse(Object.fromEntries(Object.entries(endpoint)));
    return data === undefined ? [] : [data.options.method].flat().map((method) => `${method} ${data.path}`);
  });
}

const origin = { userId: null, request: { id: "test" } };

describe.each(engines)("what of better-auth is reachable, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const send = async (route: string, body: object = {}, person: Person = world.owner) => {
    const [method = "", path = ""] = route.split(" ");
    return await world.call(method, `/api/auth${path}`, {
      cookie: person.cookie,
      ...(method !== "GET" && { body }),
    });
  };

  test("every route that the product does not use is 404, signed in or not", async () => {
    const routes = allRoutes();
    for (const route of OPEN) expect(routes, route).toContain(route);
    const closed = routes.filter((route) => !OPEN.includes(route));
    expect(closed.length).toBeGreaterThan(40);
    expect(closed).toContain("POST /change-password");
    for (const verb of ["update-member-role", "remove-member", "leave", "invite-member", "accept-invitation"]) {
      expect(closed).toContain(`POST /organization/${verb}`);
    }
    expect(closed).toContain("GET /organization/get-full-organization");
    expect(closed).toContain("POST /api-key/create");
    for (const route of closed) {
      const [method = "", path = ""] = route.split(" ");
      expect(await send(route, { organizationId: world.organizationId }), route).toMatchObject({
        status: 404,
        body: { code: "NOT_FOUND" },
      });
      expect((await world.call(method, `/api/auth${path}`)).status, route).toBe(404);
    }
    // Nothing of it happened.
    expect((await send("GET /get-session")).body).toMatchObject({ user: { id: world.owner.userId } });
  });

  test("another spelling or method of an open route is 404 too", async () => {
    for (const route of [
      "POST /get-session",
      "GET /sign-out",
      "PUT /sign-out",
      "POST /sign-out/",
      "POST //sign-out",
      "POST /Sign-Out",
      "POST /sign%2Dout",
      "GET /organization/list/../get-full-organization",
      "GET /",
      "GET /ok",
    ]) {
      expect((await send(route)).status, route).toBe(404);
    }
    expect((await send("GET /get-session?disableCookieCache=true")).status).toBe(200);
  });

  test("an open route is answered by better-auth", async () => {
    for (const route of OPEN) {
      // The last one's own refusal of no input, or its answer: never the edge's 404.
      if (route !== "POST /sign-out") expect((await send(route)).body, route).not.toMatchObject({ title: "Not Found" });
    }
    const person = await world.signUp("Out");
    expect((await send("POST /sign-out", {}, person)).status).toBe(200);
  });

  test("R1 E12: who signs up or founds an organization is held to the rules by which both are changed later", async () => {
    const person = { name: " Grâce ", email: `grace-${process.pid}@example.com`, password: "correct horse battery" };
    for (const wrong of [
      { name: "" },
      { name: "   " },
      { name: "x".repeat(101) },
      { name: "a\u0000b" },
      { name: "a\u202eb" },
      { image: "javascript:alert(1)" },
      { emailVerified: true },
    ]) {
      const answer = await send("POST /sign-up/email", { ...person, ...wrong });
      expect([wrong, answer.status, answer.body?.["code"]]).toEqual([wrong, 400, "VALIDATION_ERROR"]);
    }
    const signedUp = await send("POST /sign-up/email", person);
    expect(signedUp).toMatchObject({ status: 200, body: { user: { name: "Grâce", emailVerified: false } } });

    const founder = await world.signUp("Founder");
    const slug = `founded-${process.pid}-${engine.name.length}`;
    for (const wrong of [
      { slug: "Two Words" },
      { slug: "../other" },
      { slug: "UPPER" },
      { slug: "x".repeat(41) },
      { slug: "-edge" },
      { slug: "" },
      { name: "  " },
      { name: "x".repeat(101) },
      { name: "a\u0000b" },
      { logo: "javascript:alert(1)" },
      { metadata: { any: "thing" } },
      { userId: world.owner.userId },
    ]) {
      const answer = await send("POST /organization/create", { name: "Founded", slug, ...wrong }, founder);
      expect([wrong, answer.status, answer.body?.["code"]]).toEqual([wrong, 400, "VALIDATION_ERROR"]);
    }
    const founded = await send("POST /organization/create", { name: " Founded ", slug }, founder);
    expect(founded).toMatchObject({ status: 200, body: { name: "Founded", slug } });
  });

  test("E12: a slug that is another organization's id does not name that one's place", async () => {
    const person = await world.signUp("Both");
    const trap = await world.createOrganization(person, world.organizationId);
    const { organizationId } = world;
    const data = { organizationId, userId: person.userId, role: "member", createdAt: Date.now() };
    await world.deployment.call(internal.auth.store.create, { table: "member", data, origin });
    for (const id of [organizationId, trap]) {
      const headers = { "x-organization-id": id };
      const { body } = await world.call("GET", "/api/v1/whoami", { cookie: person.cookie, headers });
      expect(body).toMatchObject({ organizationId: id });
    }
  });

  test("a suspended member is refused whatever a member is told, by id, by slug and by habit", async () => {
    const { organizationId } = world;
    const person = await world.signUp("Sue");
    const slug = `sue-${process.pid}-${engine.name.length}`;
    await world.createOrganization(person, slug);
    const listed = await world.call("GET", "/api/auth/organization/list", { cookie: world.owner.cookie });
    const [ours] = z.array(z.object({ id: z.string(), slug: z.string() })).parse(listed.body);
    const { store } = internal.auth;
    const data = { organizationId, userId: person.userId, role: "member", createdAt: Date.now() };
    const member = await world.deployment.call(store.create, { table: "member", data, origin });
    const setRole = async (role: string) =>
      await world.deployment.call(store.update, {
        table: "member",
        where: [{ field: "_id", value: member._id, operator: "eq", ...AND }],
        data: { role },
        only: "first",
        origin,
      });

    // A member makes it the active one, which answers the organization.
    expect(await send("POST /organization/set-active", { organizationId }, person)).toMatchObject({ status: 200 });
    await setRole("suspended");
    for (const [route, body] of [
      ["POST /organization/set-active", { organizationId }],
      ["POST /organization/set-active", { organizationSlug: ours?.slug }],
      ["POST /organization/set-active", {}],
    ] as const) {
      expect([route, await send(route, body, person)]).toMatchObject([
        route,
        { status: 403, body: { code: "MEMBER_SUSPENDED" } },
      ]);
    }
    // Elsewhere they are who they were, and the habit can be dropped.
    expect((await send("POST /organization/set-active", { organizationId: null }, person)).status).toBe(200);
    expect((await send("POST /organization/set-active", { organizationSlug: slug }, person)).status).toBe(200);
    // Nor does a slug hide it that looks like the id of an organization which they are not in.
    const stranger = await world.signUp("Stranger");
    const lookalike = await world.createOrganization(stranger, `other-${slug}`);
    const setSlug = { body: { slug: lookalike }, cookie: world.owner.cookie };
    expect((await world.call("PATCH", "/api/v1/organization", setSlug)).status).toBe(200);
    expect(await send("POST /organization/set-active", { organizationSlug: lookalike }, person)).toMatchObject({
      status: 403,
      body: { code: "MEMBER_SUSPENDED" },
    });
    await setRole("member");
    expect((await send("POST /organization/set-active", { organizationId }, person)).status).toBe(200);
  });
});

test("the list compares whole paths", () => {
  expect(isAuthRoute("GET", "/api/auth/token")).toBe(true);
  expect(isAuthRoute("GET", "/api/auth/tokens")).toBe(false);
  expect(isAuthRoute("GET", "/api/authx/token")).toBe(false);
  expect(isAuthRoute("GET", "/token")).toBe(false);
});
