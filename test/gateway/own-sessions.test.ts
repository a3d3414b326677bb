import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { AND } from "../convex/world.ts";
import { freshName } from "./recipe.ts";
import { openWorld, textOf } from "./world.ts";
import type { Person, World } from "./world.ts";

const origin = { userId: null, request: { id: "test" } };
type Item = { id: string; current: boolean };

// Coder's users asked for it: a session is a credential too, and who lost a laptop wants to end what is signed in there.
describe.each(engines)("a person's own sessions, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  async function emailOf({ cookie }: Person): Promise<string> {
    const { body } = await world.call("GET", "/api/auth/get-session", { cookie });
    return Object(body?.["user"]).email;
  }

  /** The same person, signed in somewhere else. */
  async function signInAgain(person: Person, agent: string): Promise<Person> {
    const body = { email: await emailOf(person), password: "correct horse battery" };
    const headers = { origin: world.site, "user-agent": agent };
    const answer = await world.call("POST", "/api/auth/sign-in/email", { headers, body });
    const cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]);
    return { ...person, cookie: cookie.join("; "), token: textOf(answer, "token") };
  }

  async function signUp(): Promise<Person> {
    const person = await world.signUp("Sue");
    await world.createOrganization(person, freshName(`sue-${process.pid}`).replaceAll(" ", "-"));
    return person;
  }

  const list = async (person: Person) => {
    const answer = await world.call("GET", "/api/v1/me/sessions", { cookie: person.cookie });
    expect(answer.status).toBe(200);
    return Array.from<Item>(Object(answer.body).items);
  };
  const end = async (person: Person, sessionId: string) =>
    await world.call("DELETE", `/api/v1/me/sessions/${sessionId}`, { cookie: person.cookie });
  const isSignedIn = async ({ cookie, token }: Person) => [
    (await world.call("GET", "/api/v1/whoami", { cookie })).status === 200,
    (await world.call("GET", "/api/v1/whoami", { headers: { authorization: `Bearer ${token}` } })).status === 200,
    (await world.call("GET", "/api/auth/get-session", { cookie })).body !== null,
  ];

  test("C11: are listed newest first, with where they are from, and never with what they are shown by", async () => {
    const here = await signUp();
    const laptop = await signInAgain(here, "a laptop");
    const items = await list(here);
    expect(items).toEqual([
      expect.objectContaining({ current: false, agent: "a laptop", expiresAt: expect.any(Number) }),
      expect.objectContaining({ current: true, createdAt: expect.any(Number) }),
    ]);
    expect((await list(laptop)).map(({ id, current }) => [id, current])).toEqual([
      [items[0]?.id, true],
      [items[1]?.id, false],
    ]);
    for (const { token } of [here, laptop]) expect(JSON.stringify(items)).not.toContain(token);
    const bearer = await world.call("GET", "/api/v1/me/sessions", {
      headers: { authorization: `Bearer ${laptop.token}` },
    });
    expect(Object(bearer.body).items).toHaveLength(2);
  });

  test("C11: one that is ended is signed out at its next request, by cookie and by token; the others go on", async () => {
    const here = await signUp();
    const [lost, kept] = [await signInAgain(here, "lost"), await signInAgain(here, "kept")];
    const found = (await list(here)).at(1)?.id ?? "";
    expect(await isSignedIn(lost)).toEqual([true, true, true]);
    expect(await end(here, found)).toMatchObject({ status: 204 });
    expect(await isSignedIn(lost)).toEqual([false, false, false]);
    for (const one of [here, kept]) expect(await isSignedIn(one)).toEqual([true, true, true]);
    expect((await list(here)).map(({ id }) => id)).not.toContain(found);
    // Ending the one that calls is signing out.
    const own = (await list(here)).find(({ current }) => current)?.id ?? "";
    expect(await end(here, own)).toMatchObject({ status: 204 });
    expect(await isSignedIn(here)).toEqual([false, false, false]);
  });

  test("C11: all others are ended at once, and of nobody else", async () => {
    const [here, other] = [await signUp(), await signUp()];
    const elsewhere = [await signInAgain(here, "one"), await signInAgain(here, "two")];
    const endOthers = async () =>
      await world.call("POST", "/api/v1/me/sessions/end-others", { cookie: here.cookie, body: {} });
    expect(await endOthers()).toMatchObject({ status: 200, body: { ended: 2 } });
    expect(await endOthers()).toMatchObject({ status: 200, body: { ended: 0 } });
    for (const one of elsewhere) expect(await isSignedIn(one)).toEqual([false, false, false]);
    for (const one of [here, other]) expect(await isSignedIn(one)).toEqual([true, true, true]);
  });

  test("E12 E24: somebody else's, one that is over and one that never was are missing in the same words", async () => {
    const [here, other] = [await signUp(), await signUp()];
    await signInAgain(here, "over");
    const over = (await list(here))[0]?.id ?? "";
    const foreign = (await list(other))[0]?.id ?? "";
    const where = [{ field: "_id", value: over, operator: "eq" as const, ...AND }];
    const data = { expiresAt: Date.now() - 1 };
    await world.deployment.call(internal.auth.store.update, { table: "session", where, only: "first", data, origin });
    expect((await list(here)).map(({ id }) => id)).not.toContain(over);
    const missing = await end(here, "nowhere");
    expect(missing).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    for (const id of [over, foreign, here.userId]) {
      const answer = await end(here, id);
      expect([answer.status, answer.body?.["detail"]]).toEqual([404, missing.body?.["detail"]]);
    }
    expect(await isSignedIn(other)).toEqual([true, true, true]);
  });

  test("H9 E17: take a session: no key and no token of one, and a cookie from our own origin", async () => {
    const here = await signUp();
    await signInAgain(here, "another");
    const id = (await list(here))[0]?.id ?? "";
    const { key } = await world.createKey({ name: freshName("asking"), permissions: ["keys:*", "members:manage"] });
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", `/${id}`],
      ["POST", "/end-others"],
    ] as const) {
      const url = `/api/v1/me/sessions${path}`;
      const body = method === "POST" ? { body: {} } : {};
      expect(await world.call(method, url, { key, ...body })).toMatchObject({ status: 403 });
      expect(await world.call(method, url, body)).toMatchObject({ status: 401 });
      if (method === "GET") continue;
      const headers = { cookie: here.cookie, origin: "https://evil.example", "content-type": "application/json" };
      const forged = await world.call(method, url, { headers, ...body });
      expect(forged).toMatchObject({ status: 403, body: { code: "ORIGIN_NOT_ALLOWED" } });
    }
    expect(await list(here)).toHaveLength(2);
  });

  test("C11: more than a thousand are shown in part and ended as a whole", async () => {
    const person = await signUp();
    const expiresAt = Date.now() + 60 * 60 * 1000;
    for (let index = 0; index < 1_050; index += 1) {
      const data = {
        userId: person.userId,
        token: `${person.userId}-${index}`,
        expiresAt,
        createdAt: index,
        updatedAt: index,
      };
      await world.deployment.call(internal.auth.store.create, { table: "session", data, origin });
    }
    expect(await list(person)).toHaveLength(200);
    const ended = await world.call("POST", "/api/v1/me/sessions/end-others", { cookie: person.cookie, body: {} });
    expect(ended).toMatchObject({ status: 200, body: { ended: 1_050 } });
    expect(await list(person)).toMatchObject([{ current: true }]);
  });
});
