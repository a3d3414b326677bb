/// <reference types="node" />
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { Harbour, KEYS, type Visitor } from "./harbour.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let harbour: Harbour;
beforeAll(async () => {
  harbour = await Harbour.open();
}, 300_000);
afterAll(async () => await harbour[Symbol.asyncDispose]());

type Screen = { path: string; who?: Visitor; open?: (page: Page) => Promise<void>; shown: string };

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
    await using visit = await harbour.visit(screen.path, { who: screen.who, colorScheme });
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
  await using visit = await harbour.visit(screen.path, { who: screen.who, viewport: { width: 390, height: 844 } });
  await visit.page.getByText(screen.shown).locator("visible=true").first().waitFor();
  expect(await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
});

test("the reference reaches no other host", async () => {
  await using visit = await harbour.visit("/docs", { who: "nobody" });
  await visit.page.getByText("Rotate a key").first().waitFor({ timeout: 30_000 });
  await visit.page.waitForLoadState("networkidle");
  expect(visit.outside).toEqual([]);
  // A key is what a reader will call with, so it is chosen already.
  expect(await visit.page.getByText("X-Api-Key", { exact: true }).count()).toBeGreaterThan(0);
});

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
