import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import { engines } from "../convex/engines.ts";
import { AND } from "../convex/world.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, Person, World } from "./world.ts";

describe.each(engines)("what becomes of an organization and its members, in the trail on $name", (engine) => {
  let world: World;
  let guest: Person;
  let guestEmail: string;

  beforeAll(async () => {
    world = await openWorld(engine);
    guest = await world.signUp("Grace");
    const session = await world.call("GET", "/api/auth/get-session", { cookie: guest.cookie });
    guestEmail = String(Object(session.body?.["user"])["email"]);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const invite = async (person: Person, body: Record<string, unknown>): Promise<Answer> =>
    await world.call("POST", "/api/v1/invitations", { cookie: person.cookie, body });
  const change = async (id: string, data: Record<string, string>) =>
    await world.deployment.call(internal.auth.store.update, {
      table: "organization",
      where: [{ field: "_id", value: id, operator: "eq", ...AND }],
      only: "first",
      data,
      origin: { userId: world.owner.userId, request: { id: "test" } },
    });
  const trail = async (query = ""): Promise<AuditEntry[]> => {
    const answer = await world.asOwner("GET", `/api/v1/audit?limit=200${query}`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the answer was held against the document
    return (answer.body as { items: AuditEntry[] }).items.toReversed();
  };
  /** The entries that some work adds, with their states as objects. */
  const added = async (work: () => Promise<void>): Promise<unknown[]> => {
    const before = (await trail()).length;
    await work();
    return (await trail()).slice(before).map(({ actor, action, before: was, after: is, subject }) => ({
      by: actor.id,
      action,
      was: JSON.parse(was ?? "null"),
      is: JSON.parse(is ?? "null"),
      subject,
    }));
  };

  test("C9 founding is two entries: the organization and its owner, by whoever founded it", async () => {
    const by = { type: "user", id: world.owner.userId, name: "Ada" };
    expect(await trail()).toMatchObject([
      { seq: 1, action: "organization.create", actor: by, targetId: world.organizationId, before: null },
      { seq: 2, action: "member.create", actor: by, before: null },
    ]);
    expect((await trail()).map(({ after }) => JSON.parse(after ?? "null"))).toMatchObject([
      { name: expect.stringMatching(/^acme-/), slug: expect.stringMatching(/^acme-/) },
      { userId: world.owner.userId, role: "owner" },
    ]);
  });

  test("C9 a change of the organization is one entry with what it was and is; no change is none", async () => {
    const rename = async (): Promise<void> => {
      await change(world.organizationId, { name: "Acme & Daughters", logo: "x".repeat(900) });
    };
    expect(await added(rename)).toMatchObject([
      {
        by: world.owner.userId,
        action: "organization.update",
        was: { name: expect.stringMatching(/^acme-/), logo: null },
        is: { name: "Acme & Daughters", logo: `${"x".repeat(500)}…` },
      },
    ]);
    expect(await added(rename)).toEqual([]);
  });

  test("C9 an invitation, its withdrawal and its acceptance are told of, each by whom", async () => {
    const { owner } = world;
    const wish = { email: guestEmail, roles: ["developer"] };
    const open = { roles: ["developer"], inviterUserId: owner.userId, expiresAt: expect.any(Number) };
    const about = { by: owner.userId, subject: guestEmail };
    let made: Answer | undefined;
    const inviting = async () => {
      made = await invite(owner, wish);
      expect(made.status).toBe(201);
    };
    const field = (name: string) => (made === undefined ? "" : textOf(made, name));

    expect(await added(inviting)).toMatchObject([{ ...about, action: "invitation.create", was: null, is: open }]);
    const cancelling = async () => {
      expect((await world.asOwner("DELETE", `/api/v1/invitations/${field("id")}`)).status).toBe(204);
    };
    const cancelled = { ...about, action: "invitation.cancel", was: open, is: null };
    expect(await added(cancelling)).toMatchObject([cancelled]);

    await inviting();
    expect(await added(inviting)).toMatchObject([cancelled, { ...about, action: "invitation.create" }]);
    const accepting = async () => {
      const body = { secret: field("secret") };
      expect((await world.call("POST", "/api/v1/invitations/accept", { cookie: guest.cookie, body })).status).toBe(200);
    };
    expect(await added(accepting)).toMatchObject([
      { by: guest.userId, action: "member.create", was: null, is: { userId: guest.userId, role: "developer" } },
      { by: guest.userId, action: "invitation.accept", was: open, is: null, subject: guestEmail },
    ]);
    const told = JSON.stringify((await trail()).map(({ before, after }) => [before, after]));
    expect(told).not.toContain("@");
    expect(JSON.stringify(await trail())).not.toContain("invite_");
  });

  test("E28 what a member may not do is told of, by whom and what", async () => {
    const body = { email: "friend@example.com", roles: ["owner"] };
    const self = `/api/v1/members/${guest.userId}`;
    for (let round = 0; round < 2; round += 1) {
      expect((await invite(guest, body)).status).toBe(403);
      const answer = await world.call("PATCH", self, { cookie: guest.cookie, body: { roles: ["owner"] } });
      expect(answer.status).toBe(403);
    }
    const told = (await trail(`&action=denied&actor=${guest.userId}`)).map(({ after }) => after);
    expect(told).toEqual([forbidden("invitations.create"), forbidden("members.update")]);
  });

  test("E28 what a stranger tries is in nobody's trail", async () => {
    const stranger = await world.signUp("Eve");
    const before = await trail();
    const headers = { "x-organization-id": world.organizationId };
    const body = { email: "eve@example.com", roles: ["owner"] };
    const answer = await world.call("POST", "/api/v1/invitations", { cookie: stranger.cookie, headers, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await trail()).toEqual(before);
  });

  test("C9 a change of role and a removal are one entry each, with the old and the new role", async () => {
    const { owner } = world;
    const path = `/api/v1/members/${guest.userId}`;
    const asked = (method: string, status: number, body?: unknown) => async () => {
      expect((await world.asOwner(method, path, body)).status).toBe(status);
    };
    const [was, is] = ["developer", "admin"].map((role) => ({ userId: guest.userId, role }));
    const promoted = await added(asked("PATCH", 200, { roles: ["admin"] }));
    expect(promoted).toMatchObject([{ by: owner.userId, action: "member.update", was, is }]);
    const removed = await added(asked("DELETE", 204));
    expect(removed).toMatchObject([{ by: owner.userId, action: "member.delete", was: is, is: null }]);
  });

  test("E28 a former member is erased over REST, once, and not by whom may not", async () => {
    const erase = async (body: unknown) => await world.asOwner("POST", "/api/v1/audit/erase-person", body);
    const reader = await world.createKey({ name: "reader", ownerKind: "service", permissions: ["audit:read"] });
    const person = { userId: guest.userId, email: guestEmail };
    const asReader = await world.call("POST", "/api/v1/audit/erase-person", { key: reader.key, body: person });
    expect(asReader).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect((await world.call("POST", "/api/v1/audit/erase-person", { body: person })).status).toBe(401);
    expect(await erase({ userId: world.owner.userId })).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
    expect((await erase({ userId: "nobody" })).body).toMatchObject({ code: "NOT_FOUND" });
    expect(await erase({})).toMatchObject({ status: 422, body: { code: "INVALID_INPUT" } });
    expect(await erase({ userId: guest.userId, name: "Grace" })).toMatchObject({ status: 422 });

    expect(JSON.stringify(await trail())).toContain("Grace");
    const erased = await erase(person);
    expect(erased).toMatchObject({ status: 200, body: { done: true } });
    const after = JSON.stringify(await trail());
    expect(after).not.toContain('"Grace"');
    expect(after).not.toContain(guestEmail);
    expect(await erase(person)).toMatchObject({ status: 200, body: { erased: 0, done: true } });
    const report = await world.asOwner("GET", "/api/v1/audit/verify");
    // The acceptance told of two people, of which both are gone: of who accepted, and of the address.
    const gone = (await trail()).filter((entry) => entry.erased);
    expect(report.body).toMatchObject({ broken: null, erased: gone.length });
    expect(erased.body).toMatchObject({ erased: gone.length + 1 });
  });
});

function forbidden(operation: string): string {
  return JSON.stringify({ operation, code: "FORBIDDEN", suppressed: 0 });
}
