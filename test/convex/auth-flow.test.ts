import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { api, internal } from "../../convex/_generated/api.js";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";

const WithId = z.object({ id: z.string() });
const WithUser = z.object({ user: WithId });
const Jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string(), d: z.never().optional() })) });
const PASSWORD = "correct horse battery staple";

describe.each(engines)("signing up and in on $name", (engine) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const send = async (path: string, body?: object, cookie = "", headers: Record<string, string> = {}) =>
    await deployment.fetch(`/api/auth${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        origin: deployment.siteUrl,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(cookie !== "" && { cookie }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const signUp = async (email: string) => await send("/sign-up/email", { name: "Ada", email, password: PASSWORD });

  test("a person signs up, signs out and signs in, and only the current session is good", async () => {
    const signedUp = await signUp("ada@example.com");
    expect(signedUp.status).toBe(200);
    const setCookie = signedUp.headers.getSetCookie()[0] ?? "";
    expect(setCookie).toMatch(/^latchkey\.session_token=/);
    expect(setCookie).toMatch(/HttpOnly/i);
    expect(setCookie).toMatch(/SameSite=Lax/i);
    const cookie = cookieOf(signedUp);
    const session: unknown = await (await send("/get-session", undefined, cookie)).json();
    expect(session).toMatchObject({ user: { email: "ada@example.com" } });
    expect((await send("/sign-out", {}, cookie)).status).toBe(200);
    expect(await (await send("/get-session", undefined, cookie)).json()).toBeNull();

    expect((await send("/sign-in/email", { email: "ada@example.com", password: "wrong password" })).status).toBe(401);
    const signedIn = await send("/sign-in/email", { email: "ADA@example.com", password: PASSWORD });
    expect(signedIn.status).toBe(200);
    expect(cookieOf(signedIn)).not.toBe(cookie);
  });

  test("the password is stored only as a scrypt hash", async () => {
    await signUp("hash@example.com");
    const rows = JSON.stringify(
      await deployment.call(internal.auth.store.find, { table: "account", where: [], limit: 100 }),
    );
    expect(rows).toContain("password");
    expect(rows).not.toContain(PASSWORD);
  });

  test("an address signs up once, even when it does so twice at the same moment", async () => {
    const answers = await Promise.all([signUp("twice@example.com"), signUp("twice@example.com")]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await signUp("Twice@example.com")).status).toBe(422);
    const users = await deployment.call(internal.auth.store.find, { table: "user", where: [], limit: 100 });
    expect(users.filter(({ email }) => email === "twice@example.com")).toHaveLength(1);
  });

  test("a signed-in person founds an organization, as its owner, and the audit trail says so", async () => {
    const cookie = cookieOf(await signUp("founder@example.com"));
    const created = await send("/organization/create", { name: "Acme", slug: "acme" }, cookie);
    expect(created.status).toBe(200);
    const { id: organizationId } = WithId.parse(await created.json());
    const { user } = WithUser.parse(await (await send("/get-session", undefined, cookie)).json());
    const mine = await deployment.call(api.organizations.listMine, {}, user.id);
    expect(mine).toEqual([{ _id: organizationId, name: "Acme", slug: "acme", role: "owner" }]);
    const paginationOpts = { numItems: 10, cursor: null };
    const { page } = await deployment.call(api.audit.list, { organizationId, paginationOpts }, user.id);
    expect(page.map(({ action, actor }) => [action, actor.id])).toEqual([
      ["member.create", user.id],
      ["organization.create", user.id],
    ]);
    expect((await send("/organization/create", { name: "Other", slug: "acme" }, cookie)).status).toBe(400);
    expect((await send("/organization/delete", { organizationId }, cookie)).status).toBeGreaterThanOrEqual(400);
    expect(await deployment.call(api.organizations.listMine, {}, user.id)).toHaveLength(1);
  });

  test("H21: a developer invites and promotes nobody, and does both from the moment of being an admin", async () => {
    const owner = cookieOf(await signUp("boss@example.com"));
    const created = await send("/organization/create", { name: "Guild", slug: "guild" }, owner);
    const { id: organizationId } = WithId.parse(await created.json());
    const call = async (cookie: string, method: string, path: string, body: object) =>
      await deployment.fetch(path, {
        method,
        headers: { "content-type": "application/json", origin: deployment.siteUrl, cookie },
        body: JSON.stringify(body),
      });
    const invite = async (cookie: string, email: string) =>
      await call(cookie, "POST", "/api/v1/invitations", { email, roles: ["member"] });
    const developer = cookieOf(await signUp("dev@example.com"));
    const { user } = WithUser.parse(await (await send("/get-session", undefined, developer)).json());
    await deployment.call(internal.auth.store.create, {
      table: "member",
      data: { organizationId, userId: user.id, role: "developer", createdAt: 1 },
      origin: { userId: null, request: { id: "test" } },
    });
    const promote = async (cookie: string) =>
      await call(cookie, "PATCH", `/api/v1/members/${user.id}`, { roles: ["admin"] });
    expect((await invite(developer, "friend@example.com")).status).toBe(403);
    expect((await promote(developer)).status).toBe(403);
    expect((await promote(owner)).status).toBe(200);
    expect((await invite(developer, "friend@example.com")).status).toBe(201);
  });

  test("a session gives a short ES256 token that anyone can check by the published keys", async () => {
    const cookie = cookieOf(await signUp("token@example.com"));
    const { token } = z.object({ token: z.string() }).parse(await (await send("/token", undefined, cookie)).json());
    expect(decodeProtectedHeader(token).alg).toBe("ES256");
    const jwks = Jwks.parse(await (await send("/jwks")).json());
    expect(jwks.keys.length).toBeGreaterThan(0);
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: deployment.siteUrl,
      audience: "convex",
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(15 * 60);
    // Who, and nothing that could go stale.
    expect(Object.keys(payload).toSorted()).toEqual(["aud", "exp", "iat", "iss", "sid", "sub"]);
    expect((await send("/token")).status).toBe(401);
  });

  test("the plugin's own key routes do not exist", async () => {
    const cookie = cookieOf(await signUp("bypass@example.com"));
    for (const path of ["create", "update", "delete", "verify", "delete-all-expired-api-keys"]) {
      expect((await send(`/api-key/${path}`, { name: "bypass", keyId: "x", key: "x" }, cookie)).status, path).toBe(404);
    }
    for (const path of ["list", "get?id=x"]) {
      expect((await send(`/api-key/${path}`, undefined, cookie)).status, path).toBe(404);
    }
    expect(await deployment.call(internal.auth.store.count, { table: "apikey", where: [] })).toBe(0);
  });

  test("a page of another origin cannot sign anybody in", async () => {
    await signUp("csrf@example.com");
    const body = { email: "csrf@example.com", password: PASSWORD };
    const foreign = await send("/sign-in/email", body, "latchkey.session_token=x", { origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    expect(foreign.headers.getSetCookie()).toEqual([]);
  });
});

function cookieOf(response: Response): string {
  return (response.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "";
}
