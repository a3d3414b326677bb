import { afterAll, beforeAll, expect, test } from "vitest";
import { createKey, succeed } from "../helpers/person.ts";
import { DAY_MS, Harbour, KEYS } from "./harbour.ts";

let harbour: Harbour;
beforeAll(async () => {
  harbour = await Harbour.open();
}, 300_000);
afterAll(async () => await harbour[Symbol.asyncDispose]());

test("a row's status follows the clock with no word from the server", async () => {
  await using visit = await harbour.visit(KEYS, { ownClock: true });
  const { page } = visit;
  await page.clock.install();
  await page.goto(harbour.url + KEYS);
  const row = page.getByRole("row", { name: "Crane control" });
  await row.getByText("Active").waitFor();
  await page.clock.fastForward(24 * DAY_MS);
  await row.getByText("Expiring").waitFor();
  await page.clock.fastForward(6 * DAY_MS);
  await row.getByText("Expired").waitFor();
});

test("a key that nobody uses dies on the screen with no word from the server, in its row and its panel", async () => {
  const idleExpiryMs = 60 * 60 * 1000;
  await createKey(harbour.owner, { name: "Fog horn", idleExpiryMs });
  await using visit = await harbour.visit(KEYS, { ownClock: true });
  const { page } = visit;
  await page.clock.install();
  await page.goto(harbour.url + KEYS);
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
  const { id } = await createKey(harbour.owner, { name: "Weighbridge" });
  await using visit = await harbour.visit(KEYS);
  const row = visit.page.getByRole("row", { name: "Weighbridge" });
  await row.getByText("Active").waitFor();
  await succeed(await harbour.owner.request("POST", `/api/v1/keys/${id}/disable`, {}));
  await row.getByText("Disabled").waitFor();
  expect(await row.getAttribute("data-glow")).toBe("1");
});

test("E11: a key whose owner is suspended is disabled on the screen, with the reason, until they are back", async () => {
  const { owner } = harbour;
  const { items } = Object(await succeed(await owner.request("GET", "/api/v1/members")));
  const { id: ownerUserId } = items.find(({ roles }: { roles: string[] }) => roles.includes("member"));
  await createKey(owner, { name: "Lock gate", ownerUserId });
  const setMember = async (verb: "suspend" | "unsuspend") =>
    await succeed(await owner.request("POST", `/api/v1/members/${ownerUserId}/${verb}`, {}));
  await using visit = await harbour.visit(KEYS);
  const { page } = visit;
  const row = page.getByRole("row", { name: "Lock gate" });
  await row.getByText("Active").waitFor();
  await page.getByRole("link", { name: "Lock gate" }).click();
  await page.getByText("Key id").waitFor();
  const reason = page.getByText("Its owner has left, is suspended or holds no role.");
  expect(await reason.count()).toBe(0);
  await setMember("suspend");
  await row.getByText("Disabled").waitFor();
  await reason.waitFor();
  await setMember("unsuspend");
  await row.getByText("Active").waitFor();
  await reason.waitFor({ state: "detached" });
});

test("a revoked key says nothing of the time that it would have had", async () => {
  await using visit = await harbour.visit(`${KEYS}?dead=true`);
  const dash = (name: string) => visit.page.getByRole("row", { name }).getByRole("cell", { name: "—" });
  await dash("Old laptop").waitFor();
  expect(await dash("Crane control").count()).toBe(0);
});

test("chips narrow the list to their statuses, by keyboard too, and stand in the address", async () => {
  await using visit = await harbour.visit(KEYS);
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
  const { key } = await createKey(harbour.owner, { name: "Maker", permissions: ["keys:create"] });
  await using visit = await harbour.visit(KEYS);
  const { page } = visit;
  const table = page.getByRole("table");
  await table.getByText("Maker").waitFor();
  await page.getByRole("link", { name: "Maker" }).click();
  await page.getByText("Key id").waitFor();
  const made = await fetch(`${harbour.url}/api/v1/keys`, {
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
  await using visit = await harbour.visit(`${KEYS}?create=true`);
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
  await using visit = await harbour.visit(KEYS);
  const { page } = visit;
  await page.getByRole("button", { name: "Actions for Crane control" }).click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Revoke Crane control?" });
  await dialog.getByText("It has never been used").waitFor();
  expect(await dialog.textContent()).toMatch(/Owner.*Ada.*What stops.*cranes:read/);
  expect(await dialog.getByRole("button", { name: "Cancel" }).evaluate((node) => node === document.activeElement)).toBe(
    true,
  );
});
