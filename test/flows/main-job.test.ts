import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { startTestLatchkey, type TestLatchkey } from "../helpers/latchkey.ts";

let latchkey: TestLatchkey;
let browser: Browser;

beforeAll(async () => {
  [latchkey, browser] = await Promise.all([startTestLatchkey({ dashboard: true }), launchChromium()]);
});
afterAll(async () => {
  await browser.close();
  await latchkey[Symbol.asyncDispose]();
});

/** Opens a page and notes what a visitor's console and network would show to be wrong. */
async function openPage(context: BrowserContext, faults: string[]): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (line) => line.type() === "error" && faults.push(`console: ${line.text()}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== latchkey.url && protocol !== "data:" && protocol !== "blob:")
      faults.push(`outside: ${request.url()}`);
  });
  return page;
}

test("H21 R11: a person signs up, makes a key, calls with it, and a revoke kills it on every open screen and on the next call", async () => {
  const { url } = latchkey;
  const faults: string[] = [];
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await openPage(context, faults);

  await page.goto(url);
  await page.getByRole("link", { name: "Create one" }).click();
  await page.getByLabel("Name").fill("Grace Hopper");
  await page.getByLabel("Email").fill("grace@example.com");
  await page.getByLabel("Password").fill("nanoseconds matter");
  await page.getByRole("button", { name: "Create account" }).click();

  await page.getByLabel("Organization name").fill("Harbour Works");
  await page.getByRole("button", { name: "Create organization" }).click();
  await page.getByRole("heading", { name: "No keys yet" }).waitFor();

  await page.getByRole("button", { name: "Create key" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Create key" });
  await dialog.getByRole("textbox", { name: "Name" }).fill("Crane control");
  await dialog.getByRole("button", { name: "Create key" }).click();

  const reveal = page.getByRole("dialog", { name: "Copy the key of Crane control" });
  const shown = (await reveal.getByRole("status", { name: "Key" }).innerText()).trim();
  await reveal.getByRole("button", { name: "Copy", exact: true }).click();
  await reveal.getByRole("button", { name: "Copied", exact: true }).waitFor();
  const key = await page.evaluate(() => navigator.clipboard.readText());
  await reveal.getByRole("button", { name: "Copy Try it in a terminal" }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/^curl /);
  const curl = await page.evaluate(() => navigator.clipboard.readText());
  expect(key).toBe(shown);
  expect(key).toMatch(/^lk_live_[0-9A-Za-z]+_[0-9A-Za-z]+$/);
  await reveal.getByRole("button", { name: "Done" }).click();
  await reveal.waitFor({ state: "detached" });
  expect(await page.content()).not.toContain(key.slice(key.lastIndexOf("_") + 1));

  const watching = await browser.newContext({ storageState: await context.storageState() });
  const watcher = await openPage(watching, faults);
  await watcher.goto(page.url());
  const row = watcher.getByRole("row", { name: "Crane control" });
  await row.getByText("never", { exact: true }).waitFor();
  await row.getByText("Active").waitFor();
  let loads = 0;
  watcher.on("load", () => (loads += 1));

  const call = () => fetch(`${url}/api/v1/whoami`, { headers: { "x-api-key": key } });
  expect((await call()).status).toBe(200);
  await row.getByText("never", { exact: true }).waitFor({ state: "detached" });
  // The line under the key, pasted into a shell as it stands.
  expect(JSON.parse((await promisify(execFile)("sh", ["-c", curl])).stdout)).toMatchObject({ type: "key" });

  await page
    .getByRole("row", { name: "Crane control" })
    .getByRole("button", { name: "Actions for Crane control" })
    .click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  const confirm = page.getByRole("alertdialog", { name: "Revoke Crane control?" });
  await confirm.getByLabel("Reason").fill("The crane was sold");
  const revoked = page.waitForResponse((response) => response.url().includes("/api/trpc/keys.revoke"));
  await confirm.getByRole("button", { name: "Revoke key" }).click();
  expect((await revoked).status()).toBe(200);
  expect((await call()).status).toBe(401);

  await row.waitFor({ state: "detached" });
  await watcher.getByText("1 dead key hidden").waitFor();
  await watcher.getByRole("button", { name: "show" }).click();
  await row.getByText("Revoked").waitFor();
  expect(loads).toBe(0);
  expect(faults).toEqual([]);
});
