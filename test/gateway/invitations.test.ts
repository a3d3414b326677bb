import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { api, internal } from "#convex/_generated/api.js";
import { sha256Hex } from "#convex/shared/sha256.ts";
import { engines } from "../convex/engines.ts";
import { refusalOf } from "../convex/world.ts";
import { fresh, join, make, refusal, trailOf } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, Person, World } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const any = (permission: string) => ({ permission, scope: "any" });

describe.each(engines)("invitations on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  /** Somebody who has signed up and is nowhere a member. */
  async function newcomer(): Promise<Person & { email: string }> {
    const person = await world.signUp(fresh("newcomer"));
    const session = await world.call("GET", "/api/auth/get-session", { cookie: person.cookie });
    return { ...person, email: String(Object(session.body?.["user"]).email) };
  }
  const invite = async (body: object, by: Person = world.owner): Promise<Answer> =>
    await world.call("POST", "/api/v1/invitations", { cookie: by.cookie, body });
  async function invited(body: object, by?: Person): Promise<{ id: string; secret: string }> {
    const answer = await invite(body, by);
    if (answer.status !== 201) throw new Error(`invitations answers ${answer.status} ${JSON.stringify(answer.body)}`);
    return { id: textOf(answer, "id"), secret: textOf(answer, "secret") };
  }
  const accept = async (secret: string, { cookie }: Person): Promise<Answer> =>
    await world.call("POST", "/api/v1/invitations/accept", { cookie, body: { secret } });
  const listed = async () => JSON.stringify((await world.asOwner("GET", "/api/v1/invitations")).body);

  test("T9 E11: whoever is invited signs up, sees to what, accepts once, and has the roles from then on", async () => {
    const role = fresh("auditor");
    await make(world, "roles", { name: role, grants: [any("audit:read")] });
    const person = await newcomer();
    expect(await refusal(world, "GET", "audit", { cookie: person.cookie })).toBe("ORGANIZATION_REQUIRED");
    const answer = await invite({ email: ` ${person.email.toUpperCase()} `, roles: [role, "developer"] });
    expect(answer).toMatchObject({ status: 201, body: { email: person.email, roles: ["developer", role] } });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(Number(answer.body?.["expiresAt"]) - Date.now()).toBeGreaterThan(6 * DAY_MS);
    const secret = textOf(answer, "secret");
    expect(secret).toMatch(/^invite_[0-9A-Za-z]{43}$/);

    const offer = await world.call("POST", "/api/v1/invitations/preview", { cookie: person.cookie, body: { secret } });
    const organizationId = world.organizationId;
    expect(offer).toMatchObject({
      status: 200,
      body: { organizationId, email: person.email, roles: ["developer", role], inviterName: "Ada" },
    });
    expect(await accept(secret, person)).toMatchObject({ status: 200, body: { organizationId } });
    expect(await refusal(world, "GET", "audit", { cookie: person.cookie })).toBeNull();
    const shown = await world.asOwner("GET", `/api/v1/members/${person.userId}`);
    expect(shown.body).toMatchObject({ email: person.email, roles: ["developer", role], suspended: false });
    expect(await accept(secret, person)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(await listed()).not.toContain(person.email);
  });

  test("E4 E5: the secret is in one answer and nowhere else", async () => {
    const { email } = await newcomer();
    const { id, secret } = await invited({ email, roles: ["member"] });
    expect(await listed()).toContain(email);
    const live = await world.deployment.call(
      api.invitations.list,
      { organizationId: world.organizationId },
      world.owner.userId,
    );
    for (const told of [await listed(), JSON.stringify(await trailOf(world, id)), JSON.stringify(live)]) {
      expect(told).toContain("member");
      expect(told).not.toContain(secret);
      expect(told).not.toContain("secretHash");
    }
  });

  test("E12 E24: an unknown, a used, a cancelled and a replaced secret are refused in the same words", async () => {
    const person = await newcomer();
    const wish = { email: person.email, roles: ["member"] };
    const [replaced, cancelled] = [await invited(wish), await invited(wish)];
    expect(await refusal(world, "DELETE", `invitations/${cancelled.id}`, { cookie: world.owner.cookie })).toBeNull();
    expect(await refusal(world, "DELETE", `invitations/${cancelled.id}`, { cookie: world.owner.cookie })).toBe(
      "NOT_FOUND",
    );
    const answers = [];
    for (const secret of [replaced.secret, cancelled.secret, "invite_nonsense", "x", "invite_…\u0000"]) {
      answers.push(await accept(secret, person));
      const body = { secret };
      answers.push(await world.call("POST", "/api/v1/invitations/preview", { cookie: person.cookie, body }));
    }
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body?.["detail"])}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  test("E27: an invitation ends at its very instant, and nobody sets one beyond 30 days", async () => {
    const person = await newcomer();
    const wish = { email: person.email, roles: ["member"] };
    for (const expiresAt of [Date.now() - 1, Date.now() + 31 * DAY_MS, 1.5]) {
      const answer = await invite({ ...wish, expiresAt });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: "expiresAt" }] } });
    }
    const expiresAt = Date.now() + DAY_MS;
    const { secret } = await invited({ ...wish, expiresAt });
    const secretHash = sha256Hex(secret);
    const offer = async (at: number) => await world.deployment.call(internal.invitations.offer, { secretHash, at });
    expect(await offer(expiresAt - 1)).toMatchObject({ email: person.email });
    expect(await refusalOf(offer(expiresAt))).toBe("NOT_FOUND");
  });

  test("T9 E8: nobody invites to roles that they do not hold, and only an owner in person invites an owner", async () => {
    const admin = await join(world, "admin");
    const role = fresh("recruiter");
    await make(world, "roles", { name: role, grants: [any("members:manage")] });
    const recruiter = await join(world, role);
    const member = await join(world, "member");
    const key = await world.createKey({ name: fresh("inviter"), ownerKind: "service", permissions: ["members:*"] });
    const tried = async (by: Person | string, roles: string[]) => {
      const body = { email: `${fresh("nobody")}@example.com`, roles };
      const as = typeof by === "string" ? { key: by } : { cookie: by.cookie };
      return await refusal(world, "POST", "invitations", { ...as, body });
    };
    expect(await tried(member, ["member"])).toBe("FORBIDDEN");
    expect(await tried(recruiter, [role])).toBeNull();
    expect(await tried(recruiter, ["developer"])).toBe("FORBIDDEN");
    expect(await tried(admin, ["admin"])).toBeNull();
    expect(await tried(admin, ["owner"])).toBe("FORBIDDEN");
    expect(await tried(world.owner, ["owner"])).toBeNull();
    expect(await tried(key.key, [role])).toBeNull();
    expect(await tried(key.key, ["admin"])).toBe("FORBIDDEN");
    expect(await tried(key.key, ["owner"])).toBe("FORBIDDEN");
    for (const roles of [[], ["suspended"], ["no-such-role"], ["member,owner"]]) {
      expect(await tried(world.owner, roles)).toBe("INVALID_INPUT");
    }
    for (const email of ["", "grace", "grace@", "@example.com", "a b@example.com", "a@b@example.com", "g@localhost"]) {
      const answer = await invite({ email, roles: ["member"] });
      expect([email, answer.status, answer.body?.["errors"]]).toEqual([
        email,
        422,
        [{ path: "email", message: expect.any(String) }],
      ]);
    }
  });

  test("E11: the secret is of no use under another address, to a key, or to a member", async () => {
    const person = await newcomer();
    const { secret } = await invited({ email: person.email, roles: ["member"] });
    expect(await accept(secret, await newcomer())).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect(await refusal(world, "POST", "invitations/accept", { body: { secret } })).toBe("UNAUTHENTICATED");
    const { key } = await world.createKey({ name: fresh("key"), permissions: ["members:manage"] });
    expect(await refusal(world, "POST", "invitations/accept", { key, body: { secret } })).toBe("FORBIDDEN");
    const foreign = { cookie: person.cookie, headers: { origin: "https://evil.example.com" }, body: { secret } };
    expect(await refusal(world, "POST", "invitations/accept", foreign)).toBe("ORIGIN_NOT_ALLOWED");
    expect((await accept(secret, person)).status).toBe(200);
    expect(await invite({ email: person.email, roles: ["admin"] })).toMatchObject({
      status: 409,
      body: { code: "CONFLICT" },
    });
  });

  test("E11: of two acceptances at once one makes a member, the other is refused", async () => {
    const person = await newcomer();
    const { secret } = await invited({ email: person.email, roles: ["member"] });
    const statuses = (await Promise.all([accept(secret, person), accept(secret, person)])).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 404]));
  });

  test("E8 E11: who invited must still hold it when it is accepted, a key too", async () => {
    const role = fresh("shrinking");
    const roleId = await make(world, "roles", { name: role, grants: [any("members:manage"), any("audit:read")] });
    const given = fresh("given");
    await make(world, "roles", { name: given, grants: [any("audit:read")] });
    const recruiter = await join(world, role);
    const person = await newcomer();
    const bySession = await invited({ email: person.email, roles: [given] }, recruiter);
    const body = { grants: [any("members:manage")] };
    expect((await world.asOwner("PATCH", `/api/v1/roles/${roleId}`, body)).status).toBe(200);
    expect(await accept(bySession.secret, person)).toMatchObject({ status: 409, body: { code: "CONFLICT" } });

    const key = await world.createKey({
      name: fresh("inviter"),
      ownerKind: "service",
      permissions: ["members:*", "audit:*"],
    });
    const wish = { email: person.email, roles: [given] };
    const byKey = await world.call("POST", "/api/v1/invitations", { key: key.key, body: wish });
    await world.asOwner("POST", `/api/v1/keys/${key.id}/revoke`);
    expect(await accept(textOf(byKey, "secret"), person)).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
    expect(await refusal(world, "GET", "audit", { cookie: person.cookie })).toBe("ORGANIZATION_REQUIRED");
  });

  test("E11: who was removed and invited again finds the old keys still stopped", async () => {
    const person = await newcomer();
    const wish = { email: person.email, roles: ["developer"] };
    await accept((await invited(wish)).secret, person);
    const made = await world.call("POST", "/api/v1/keys", { cookie: person.cookie, body: { name: "mine" } });
    const parts = { key: textOf(made, "key") };
    expect(await refusal(world, "GET", "whoami", parts)).toBeNull();
    expect(await refusal(world, "DELETE", `members/${person.userId}`, { cookie: world.owner.cookie })).toBeNull();
    expect(await refusal(world, "GET", "whoami", parts)).toBe("KEY_DISABLED");
    expect((await accept((await invited(wish)).secret, person)).status).toBe(200);
    expect(await refusal(world, "GET", "whoami", parts)).toBe("KEY_DISABLED");
  });

  test("E12: another organization neither sees nor cancels an invitation", async () => {
    const { email } = await newcomer();
    const { id } = await invited({ email, roles: ["member"] });
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, fresh(`strangers-${process.pid}`));
    const answer = await world.call("GET", "/api/v1/invitations", { cookie: stranger.cookie });
    expect(answer.body).toEqual({ items: [], nextCursor: null });
    expect(await refusal(world, "DELETE", `invitations/${id}`, { cookie: stranger.cookie })).toBe("NOT_FOUND");
    const { organizationId } = world;
    expect(await world.deployment.call(api.invitations.list, { organizationId }, stranger.userId)).toBeNull();
  });

  test("E28: nobody is erased from the trail while invited", async () => {
    const { email } = await newcomer();
    const { id } = await invited({ email, roles: ["member"] });
    const erase = async () => await world.asOwner("POST", "/api/v1/audit/erase-person", { email });
    expect(await erase()).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
    await world.asOwner("DELETE", `/api/v1/invitations/${id}`);
    expect(await erase()).toMatchObject({ status: 200, body: { done: true } });
    expect(JSON.stringify((await world.asOwner("GET", "/api/v1/audit?limit=200")).body)).not.toContain(email);
  });

  test("E29: what is over is forgotten by a sweep, and nothing else", async () => {
    const [over, open] = [await newcomer(), await newcomer()];
    await invited({ email: over.email, roles: ["member"], expiresAt: Date.now() + 200 });
    await invited({ email: open.email, roles: ["member"] });
    await vi.waitFor(async () => expect(await listed()).not.toContain(over.email), { timeout: 5_000 });
    await world.deployment.call(internal.invitations.sweep, {});
    const { organizationId } = world;
    const left = await world.deployment.call(api.invitations.list, { organizationId }, world.owner.userId);
    expect(JSON.stringify(left)).not.toContain(over.email);
    expect(JSON.stringify(left)).toContain(open.email);
  });
});
