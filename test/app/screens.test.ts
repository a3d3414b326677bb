/// <reference types="node" />
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Browser, Page, Request } from "playwright-core";

import { runAsAdmin } from "../../server/deployment-admin.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { startTestLatchkey, type TestLatchkey } from "../helpers/latchkey.ts";
import { createKey, createOrganization, signUp, succeed, textField, type Person } from "../helpers/person.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DAY_MS = 24 * 60 * 60 * 1000;
const KEYS = "/o/harbour/keys";
const DESK = { width: 1280, height: 800 };

let latchkey: TestLatchkey;
let browser: Browser;
let person: Person;
let newcomer: Person;
let member: Person;
let suspended: Person;
let mourner: Person;
const pages = new Map<Person | null, Page>();

beforeAll(async () => {
  latchkey = await startTestLatchkey({ dashboard: true });
  browser = await launchChromium();
  person = await signUp(latchkey.url, "Ada");
  newcomer = await signUp(latchkey.url, "Newcomer");
  const organizationId = await createOrganization(person, "harbour");
  member = await join(organizationId, "member");
  suspended = await join(organizationId, "suspended");
  mourner = await signUp(latchkey.url, "Mourner");
  await createOrganization(mourner, "graveyard");
  const buried = await createKey(mourner, { name: "Buried" });
  await succeed(await mourner.request("POST", `/api/v1/keys/${buried.id}/revoke`, {}));
  await createKey(person, { name: "Crane control", permissions: ["keys:verify", "cranes:read", "cranes:write"] });
  await createKey(person, { name: "Tide table", expiresAt: Date.now() + 3 * DAY_MS, ownerKind: "service" });
  const { id } = await createKey(person, { name: "Old laptop" });
  await succeed(await person.request("POST", `/api/v1/keys/${id}/revoke`, { reason: "Lost on a train" }));
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await latchkey?.[Symbol.asyncDispose]();
});

const visitors = { newcomer: () => newcomer, member: () => member, suspended: () => suspended, mourner: () => mourner };

type Screen = {
  path: string;
  who?: "nobody" | keyof typeof visitors;
  open?: (page: Page) => Promise<void>;
  shown: string;
};

const screens: Record<string, Screen> = {
  "sign in": { path: "/sign-in", who: "nobody", shown: "Sign in to Latchkey" },
  "sign up": { path: "/sign-up", who: "nobody", shown: "Create your account" },
  "a refused sign-in": {
    path: "/sign-in",
    who: "nobody",
    shown: "No account has this email and password",
    open: async (page) => {
      await page.getByLabel("Email").fill("nobody@example.com");
      await page.getByLabel("Password").fill("not the password");
      await page.getByRole("button", { name: "Sign in" }).click();
    },
  },
  "the first organization": { path: "/", who: "newcomer", shown: "Create an organization" },
  keys: { path: KEYS, shown: "Crane control" },
  "dead keys": { path: `${KEYS}?dead=true`, shown: "Old laptop" },
  "no match": { path: `${KEYS}?q=zzz`, shown: "No key matches" },
  "keys of some statuses": { path: `${KEYS}?status=expiring.revoked`, shown: "Old laptop" },
  "no key of a status": { path: `${KEYS}?status=disabled`, shown: "None of the keys has the status" },
  "create key": { path: `${KEYS}?create=true`, shown: "Name and owner" },
  "create key, with errors": {
    path: `${KEYS}?create=true`,
    shown: "Give the key a name.",
    open: async (page) => {
      await page.getByText("On a date").click();
      await page.getByRole("dialog").getByRole("button", { name: "Create key" }).click();
    },
  },
  "the reveal": { path: `${KEYS}?create=true`, shown: "You will not see this again", open: createInDialog },
  "closing the reveal": {
    path: `${KEYS}?create=true`,
    shown: "Close without copying?",
    open: async (page) => {
      await createInDialog(page);
      await page.getByRole("button", { name: "Done" }).click();
    },
  },
  "a row's menu": { path: KEYS, shown: "Expire now", open: openMenu },
  revoke: { path: KEYS, shown: "This cannot be undone", open: (page) => choose(page, "Revoke") },
  rotate: { path: KEYS, shown: "The old secret keeps working for", open: (page) => choose(page, "Rotate") },
  expire: { path: KEYS, shown: "Its time is set to be up", open: (page) => choose(page, "Expire now") },
  disable: { path: KEYS, shown: "until you enable it again", open: (page) => choose(page, "Disable") },
  "a key's panel": {
    path: KEYS,
    shown: "Key id",
    open: (page) => page.getByRole("link", { name: "Crane control" }).click(),
  },
  "a revoked key's panel": {
    path: `${KEYS}?status=revoked`,
    shown: "Lost on a train",
    open: (page) => page.getByRole("link", { name: "Old laptop" }).click(),
  },
  "create key, with a description": {
    path: `${KEYS}?create=true`,
    shown: "Between commas",
    open: (page) => page.getByRole("button", { name: "Description and tags" }).click(),
  },
  "no such key": { path: `${KEYS}/nope`, shown: "No such key" },
  "using the API": {
    path: KEYS,
    shown: "Base URL",
    open: (page) => page.getByRole("button", { name: "Using the API" }).click(),
  },
  commands: {
    path: KEYS,
    shown: "Go to Settings",
    open: async (page) => {
      await page.getByText("Crane control").waitFor();
      await page.keyboard.press("Control+k");
    },
  },
  shortcuts: {
    path: KEYS,
    shown: "Keyboard shortcuts",
    open: async (page) => {
      await page.getByText("Crane control").waitFor();
      await page.keyboard.press("?");
    },
  },
  "the organization switcher": {
    path: KEYS,
    shown: "Your organizations",
    open: (page) => page.getByRole("button", { name: "Switch organization" }).click(),
  },
  "the account menu": {
    path: KEYS,
    shown: "Sign out",
    open: (page) => page.getByRole("button", { name: "Account" }).click(),
  },
  settings: { path: "/o/harbour/settings", shown: "Organization id" },
  "keys, for who may not create any": { path: KEYS, who: "member", shown: "Ada can change that." },
  "keys, for who is suspended": { path: KEYS, who: "suspended", shown: "You are suspended in harbour" },
  "only dead keys": { path: "/o/graveyard/keys", who: "mourner", shown: "No live keys" },
  "somebody else's organization": { path: KEYS, who: "newcomer", shown: "No such organization" },
  "no such page": { path: "/nowhere/at/all", shown: "Nothing is here" },
};

describe.each(["light", "dark"] as const)("in the %s theme", (colorScheme) => {
  test.each(Object.keys(screens))("%s has no accessibility violation", async (name) => {
    const screen = screens[name];
    if (screen === undefined) throw new Error(`no screen ${name}`);
    await using visit = await open(screen, { colorScheme });
    const { page } = visit;
    await screen.open?.(page);
    await page.getByText(screen.shown).locator("visible=true").first().waitFor();
    await page.evaluate(AXE);
    const report: unknown = await page.evaluate(
      "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`))",
    );
    expect(report).toEqual([]);
    expect(visit.outside).toEqual([]);
  });
});

const unopened = Object.entries(screens).filter(([, { open: opened }]) => opened === undefined);

test.each(unopened)("%s is no wider than a phone", async (_name, screen) => {
  await using visit = await open(screen, { viewport: { width: 390, height: 844 } });
  await visit.page.getByText(screen.shown).locator("visible=true").first().waitFor();
  expect(await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
});

test("a row's status follows the clock with no word from the server", async () => {
  await using visit = await open({ path: KEYS, shown: "" }, { ownClock: true });
  const { page } = visit;
  await page.clock.install();
  await page.goto(latchkey.url + KEYS);
  const row = page.getByRole("row", { name: "Crane control" });
  await row.getByText("Active").waitFor();
  await page.clock.fastForward(24 * DAY_MS);
  await row.getByText("Expiring").waitFor();
  await page.clock.fastForward(6 * DAY_MS);
  await row.getByText("Expired").waitFor();
});

test("a key that nobody uses dies on the screen with no word from the server, in its row and its panel", async () => {
  const idleExpiryMs = 60 * 60 * 1000;
  await createKey(person, { name: "Fog horn", idleExpiryMs });
  await using visit = await open({ path: KEYS, shown: "" }, { ownClock: true });
  const { page } = visit;
  await page.clock.install();
  await page.goto(latchkey.url + KEYS);
  const row = page.getByRole("row", { name: "Fog horn" });
  await row.getByText("Active").waitFor();
  await page.clock.fastForward(idleExpiryMs);
  await row.getByText("Expired").waitFor();
  await page.getByRole("link", { name: "Fog horn" }).click();
  const panel = page.getByRole("dialog", { name: "Fog horn" });
  await panel.getByRole("button", { name: "Delete" }).waitFor();
  expect(await panel.getByRole("button", { name: "Rotate" }).count()).toBe(0);
});

test("a change made elsewhere shows at once and makes its row glow", async () => {
  const { id } = await createKey(person, { name: "Weighbridge" });
  await using visit = await open({ path: KEYS, shown: "" }, {});
  const row = visit.page.getByRole("row", { name: "Weighbridge" });
  await row.getByText("Active").waitFor();
  await succeed(await person.request("POST", `/api/v1/keys/${id}/disable`, {}));
  await row.getByText("Disabled").waitFor();
  expect(await row.getAttribute("data-glow")).toBe("1");
});

test("a revoked key says nothing of the time that it would have had", async () => {
  await using visit = await open({ path: `${KEYS}?dead=true`, shown: "" }, {});
  const dash = (name: string) => visit.page.getByRole("row", { name }).getByRole("cell", { name: "—" });
  await dash("Old laptop").waitFor();
  expect(await dash("Crane control").count()).toBe(0);
});

test("chips narrow the list to their statuses, by keyboard too, and stand in the address", async () => {
  await using visit = await open({ path: KEYS, shown: "" }, {});
  const { page } = visit;
  const rows = page.getByRole("row");
  await rows.filter({ hasText: "Crane control" }).waitFor();
  await page.getByRole("button", { name: "Expiring" }).focus();
  await page.keyboard.press("Enter");
  await rows.filter({ hasText: "Crane control" }).waitFor({ state: "detached" });
  expect(await rows.filter({ hasText: "Tide table" }).count()).toBe(1);
  await page.getByRole("button", { name: "Revoked" }).click();
  await rows.filter({ hasText: "Old laptop" }).waitFor();
  expect(await rows.filter({ hasText: "Tide table" }).count()).toBe(1);
  expect(new URL(page.url()).searchParams.get("status")).toBe("expiring.revoked");
});

test("a key that is made elsewhere while a dialog is open waits to be shown", async () => {
  const { key } = await createKey(person, { name: "Maker", permissions: ["keys:create"] });
  await using visit = await open({ path: KEYS, shown: "" }, {});
  const { page } = visit;
  const table = page.getByRole("table");
  await table.getByText("Maker").waitFor();
  await page.getByRole("link", { name: "Maker" }).click();
  await page.getByText("Key id").waitFor();
  const made = await fetch(`${latchkey.url}/api/v1/keys`, {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ name: "Made by a machine" }),
  });
  await succeed(made);
  const pill = page.getByRole("button", { name: "1 new key" });
  await pill.waitFor();
  expect(await table.getByText("Made by a machine").count()).toBe(0);
  await page.getByRole("button", { name: "Close" }).click();
  await pill.click();
  await table.getByText("Made by a machine").waitFor();
  expect(await pill.count()).toBe(0);
});

test("a key that is made here shows at once, with its tags", async () => {
  await using visit = await open({ path: `${KEYS}?create=true`, shown: "" }, {});
  const { page } = visit;
  const dialog = page.getByRole("dialog", { name: "Create key" });
  await dialog.getByLabel("Name", { exact: true }).fill("Buoy lights");
  await dialog.getByRole("button", { name: "Description and tags" }).click();
  await dialog.getByLabel("Description").fill("Blinks at night");
  await dialog.getByLabel("Tags").fill("sea, night");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await page.getByText("You will not see this again").waitFor();
  const row = page.getByRole("row", { name: "Buoy lights", includeHidden: true });
  await row.waitFor();
  expect(await row.textContent()).toContain("sea, night");
});

test("revoking says who uses the key and what stops, and focuses Cancel", async () => {
  await using visit = await open({ path: KEYS, shown: "" }, {});
  const { page } = visit;
  await choose(page, "Revoke");
  const dialog = page.getByRole("alertdialog", { name: "Revoke Crane control?" });
  await dialog.getByText("It has never been used").waitFor();
  expect(await dialog.textContent()).toMatch(/Owner.*Ada.*What stops.*cranes:read/);
  expect(await dialog.getByRole("button", { name: "Cancel" }).evaluate((node) => node === document.activeElement)).toBe(
    true,
  );
});

test("the reference reaches no other host", async () => {
  await using visit = await open({ path: "/docs", who: "nobody", shown: "" }, {});
  await visit.page.getByText("Rotate a key").first().waitFor({ timeout: 30_000 });
  await visit.page.waitForLoadState("networkidle");
  expect(visit.outside).toEqual([]);
  // A key is what a reader will call with, so it is chosen already.
  expect(await visit.page.getByText("X-Api-Key", { exact: true }).count()).toBeGreaterThan(0);
});

type Options = {
  colorScheme?: "light" | "dark";
  viewport?: { width: number; height: number };
  /** A browser of its own, whose clock the test may move. */
  ownClock?: boolean;
};

/** A page at the screen's address. `outside` collects requests to any other origin. */
async function open(screen: Screen, { colorScheme = "light", viewport = DESK, ownClock = false }: Options) {
  const { who } = screen;
  const visitor = who === undefined ? person : who === "nobody" ? null : visitors[who]();
  const page = ownClock ? await openPage(visitor) : await pageOf(visitor);
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
  const outside: string[] = [];
  const note = (request: Request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== latchkey.url) outside.push(request.url());
  };
  page.on("request", note);
  await page.goto(latchkey.url + screen.path);
  return {
    page,
    outside,
    async [Symbol.asyncDispose]() {
      if (ownClock) return await page.context().close();
      page.off("request", note);
      // What is below the pointer is drawn, and says, something else.
      await page.mouse.move(-1, -1);
    },
  };
}

/** The one page of a visitor, which goes from screen to screen: in a new one, the dashboard takes thrice the time to be there. */
async function pageOf(visitor: Person | null): Promise<Page> {
  const page = pages.get(visitor) ?? (await openPage(visitor));
  pages.set(visitor, page);
  return page;
}

async function openPage(visitor: Person | null): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  // No screen finds what another one has noted.
  await context.addInitScript("localStorage.clear()");
  if (visitor !== null) await context.addCookies(toCookies(visitor.cookie));
  return await context.newPage();
}

function toCookies(header: string) {
  return header.split("; ").map((pair) => {
    const equals = pair.indexOf("=");
    return { name: pair.slice(0, equals), value: pair.slice(equals + 1), url: latchkey.url };
  });
}

/** Signs a new person up and puts it into the organization, as accepting an invitation would. */
async function join(organizationId: string, role: string): Promise<Person> {
  const joining = await signUp(latchkey.url, role);
  const session = await succeed(await joining.request("GET", "/api/auth/get-session"));
  const user: unknown = typeof session === "object" && session !== null ? Reflect.get(session, "user") : null;
  const { CONVEX_SELF_HOSTED_URL: url = "", CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey = "" } = latchkey.cli;
  const data = { organizationId, userId: textField(user, "id"), role, createdAt: Date.now() };
  const create = { table: "member", data, origin: { userId: null, request: { id: "test" } } };
  await runAsAdmin({ cloudUrl: new URL(url), adminKey }, "mutation", "auth/store:create", create);
  return joining;
}

async function createInDialog(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "Create key" });
  await dialog.getByLabel("Name", { exact: true }).fill(`Key ${crypto.randomUUID()}`);
  await dialog.getByRole("button", { name: "Create key" }).click();
  await page.getByText("You will not see this again").waitFor();
}

async function openMenu(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Actions for Crane control" }).click();
}

async function choose(page: Page, action: string): Promise<void> {
  await openMenu(page);
  await page.getByRole("menuitem", { name: action }).click();
}
