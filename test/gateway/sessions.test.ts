import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { AND } from "../convex/world.ts";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import { freePort } from "../helpers/listen.ts";
import { openWorld } from "./world.ts";
import type { Person, World } from "./world.ts";

const origin = { userId: null, request: { id: "test" } };
const DAY_MS = 24 * 60 * 60 * 1000;

test("E17: over HTTPS a session's cookie is a __Host- one, known again by all that read it", async () => {
  const publicUrl = "https://keys.example.com";
  const port = await freePort();
  await using latchkey = await startTestLatchkey({ publicUrl, port });
  expect(latchkey.url).toBe(publicUrl);
  const send = async (path: string, cookie: string, body?: object) =>
    await fetch(`http://127.0.0.1:${port}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { origin: publicUrl, cookie, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
  const person = { name: "Ada", email: "ada@example.com", password: "correct horse battery" };
  const signedUp = await send("/api/auth/sign-up/email", "", person);
  const [setCookie = "", ...others] = signedUp.headers.getSetCookie();
  expect(others).toEqual([]);
  expect(setCookie).toMatch(/^__Host-latchkey\.session_token=/);
  expect(setCookie.split("; ").slice(1)).toEqual(
    expect.arrayContaining(["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]),
  );
  expect(setCookie).not.toContain("Domain");
  const cookie = setCookie.split(";")[0] ?? "";
  expect(await (await send("/api/auth/get-session", cookie)).json()).toMatchObject({ user: { name: "Ada" } });
  const made = await send("/api/auth/organization/create", cookie, { name: "Acme", slug: "acme" });
  expect(made.status).toBe(200);
  expect(await (await send("/api/v1/whoami", cookie)).json()).toMatchObject({ type: "user", role: "owner" });
  const signedOut = await send("/api/auth/sign-out", cookie, {});
  expect(signedOut.headers.getSetCookie().join()).toMatch(/__Host-latchkey\.session_token=;/);
  expect((await send("/api/v1/whoami", cookie)).status).toBe(401);
});

// The gateway reads sessions by itself. Whatever it takes or refuses, better-auth takes or refuses.
describe.each(engines)("a session, on $name", (engine) => {
  let world: World;
  let owner: Person;
  let other: Person;
  beforeAll(async () => {
    world = await openWorld(engine);
    ({ owner } = world);
    other = await world.signUp("Bob");
    await world.createOrganization(other, `bob-${process.pid}-${engine.name.length}`);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const bearer = async (token: string) =>
    (await world.call("GET", "/api/v1/whoami", { headers: { authorization: `Bearer ${token}` } })).status;

  /** Whom the gateway and better-auth take the bearer of this cookie for; both in the same words. */
  async function askBoth(cookie: string): Promise<[gateway: string | null, betterAuth: string | null]> {
    // The gateway first: better-auth deletes an expired session when it sees one.
    const whoami = await world.call("GET", "/api/v1/whoami", { cookie });
    if (whoami.status !== 200) expect(whoami).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
    const session = await (await world.deployment.fetch("/api/auth/get-session", { headers: { cookie } })).json();
    return [whoami.status === 200 ? String(whoami.body?.userId) : null, session?.user.id ?? null];
  }

  const changeSession = async (person: Person, data: Record<string, unknown>) =>
    await world.deployment.call(internal.auth.store.update, {
      table: "session",
      where: [{ field: "token", value: person.token, operator: "eq", ...AND }],
      data,
      only: "first",
      origin,
    });

  test("T15: is known by its cookie, percent-encoded or not, quoted or not, among others", async () => {
    const { userId } = owner;
    for (const cookie of [
      owner.cookie,
      named(signed(owner)),
      named(`"${valueOf(owner)}"`),
      `theme=dark; ${owner.cookie}; lang=de`,
      // Two of a name: the first counts.
      `${owner.cookie}; ${other.cookie}`,
    ]) {
      expect(await askBoth(cookie), cookie.replace(owner.token, "…")).toEqual([userId, userId]);
    }
  });

  test("is refused when anything about its cookie was changed", async () => {
    const [token = "", signature = ""] = signed(owner).split(".");
    const [, otherSignature = ""] = signed(other).split(".");
    const sign = (secret: string) => createHmac("sha256", secret).update(token).digest("base64");
    for (const [title, value] of Object.entries({
      "no signature": token,
      "an empty signature": `${token}.`,
      "an empty value": `.${signature}`,
      "a changed token": `${changed(token, 3)}.${signature}`,
      "a changed signature": `${token}.${changed(signature, 5)}`,
      "another session's signature": `${token}.${otherSignature}`,
      "signed with another secret": `${token}.${sign("guessed")}`,
      "signed with an empty string": `${token}.${sign(" ")}`,
      "a longer token": `${token}A.${signature}`,
      "a signature cut short": `${token}.${signature.slice(0, -2)}=`,
      "a signature that is no base64": `${token}.${"*".repeat(43)}=`,
      "a signature of 32 bytes in the other alphabet": `${token}.${signature.replace(/[+/]/g, "-").replace(/^./, "_")}`,
      "a broken escape": `${valueOf(owner)}%`,
      "encoded twice": encodeURIComponent(valueOf(owner)),
      nothing: "",
    })) {
      expect(await askBoth(named(value)), title).toEqual([null, null]);
    }
  });

  test("is refused under its bare token when a signature is asked for, and taken as bearer either way", async () => {
    expect(await bearer(owner.token)).toBe(200);
    expect(await bearer(signed(owner))).toBe(200);
    expect(await bearer(`${owner.token}.${"A".repeat(43)}=`)).toBe(401);
    expect(await bearer(`${owner.token}A`)).toBe(401);
  });

  test("ends with its time, by the clock and not by the cookie", async () => {
    const person = await world.signUp("Late");
    await world.createOrganization(person, `late-${process.pid}-${engine.name.length}`);
    await changeSession(person, { expiresAt: Date.now() + DAY_MS });
    expect(await askBoth(person.cookie)).toEqual([person.userId, person.userId]);
    await changeSession(person, { expiresAt: Date.now() - 1 });
    expect(await askBoth(person.cookie)).toEqual([null, null]);
  });

  test("ends with the row: signed out, ended elsewhere, or its user gone", async () => {
    const make = async (name: string) => {
      const person = await world.signUp(name);
      await world.createOrganization(person, `${name.toLowerCase()}-${process.pid}-${engine.name.length}`);
      expect(await askBoth(person.cookie)).toEqual([person.userId, person.userId]);
      return person;
    };
    const remove = async (table: "session" | "user", field: string, value: string) =>
      await world.deployment.call(internal.auth.store.remove, {
        table,
        where: [{ field, value, operator: "eq", ...AND }],
        only: "first",
        origin,
      });
    const out = await make("Out");
    await world.call("POST", "/api/auth/sign-out", { cookie: out.cookie, body: {} });
    expect(await askBoth(out.cookie)).toEqual([null, null]);
    const ended = await make("Ended");
    await remove("session", "token", ended.token);
    expect(await askBoth(ended.cookie)).toEqual([null, null]);
    const gone = await make("Gone");
    await remove("user", "_id", gone.userId);
    expect(await askBoth(gone.cookie)).toEqual([null, null]);
  });
});

function named(value: string): string {
  return `latchkey.session_token=${value}`;
}

function valueOf(person: Person): string {
  return person.cookie.slice(person.cookie.indexOf("=") + 1);
}

function signed(person: Person): string {
  return decodeURIComponent(valueOf(person));
}

function changed(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}
