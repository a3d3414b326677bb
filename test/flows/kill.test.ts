import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { inParallel } from "../helpers/fill.ts";
import { startLatchkeyProcess } from "../helpers/latchkey-process.ts";
import { createKey, createOrganization, signUp, succeed, textField } from "../helpers/person.ts";
import { copyTemplate } from "../helpers/template.ts";

const CREATES = 1000;
const AT_ONCE = 16;

let folder: string | undefined;
afterEach(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test("after kill -9 in the middle of 1,000 acknowledged creates, every acknowledged key is there once and works", async () => {
  folder = await copyTemplate();
  const acknowledged = new Map<string, string>(); // name to plaintext
  const attempted = new Set<string>();
  let creator = "";

  // Twice, because the second start recovers from the first kill.
  for (const [round, goal] of [CREATES / 2, CREATES].entries()) {
    await using latchkey = startLatchkeyProcess(["--port", "0", "--data", folder]);
    const url = await latchkey.ready();
    if (creator === "") {
      const person = await signUp(url);
      await createOrganization(person, "kill");
      const permissions = ["keys:create", "keys:read", "orders:read"];
      creator = (await createKey(person, { name: "creator", ownerKind: "service", permissions })).key;
      attempted.add("creator");
    }
    const headers = { "x-api-key": creator, "content-type": "application/json" };
    await inParallel(AT_ONCE, async (index) => {
      const name = `key-${round}-${index}`;
      attempted.add(name);
      try {
        const body = JSON.stringify({ name, ownerKind: "service", permissions: ["orders:read"] });
        const answer = await fetch(`${url}/api/v1/keys`, { method: "POST", headers, body });
        acknowledged.set(name, textField(await succeed(answer), "key"));
      } catch (error) {
        if (latchkey.child.killed) return false;
        throw error;
      }
      // The others are under way at this moment.
      if (acknowledged.size >= goal) latchkey.child.kill("SIGKILL");
      return !latchkey.child.killed;
    });
    expect(await latchkey.ended()).toBe("SIGKILL");
  }
  expect(acknowledged.size).toBeGreaterThanOrEqual(CREATES);
  expect(attempted.size).toBeGreaterThan(acknowledged.size);

  await using latchkey = startLatchkeyProcess(["--port", "0", "--data", folder]);
  const url = await latchkey.ready();
  const asCreator = { "x-api-key": creator };

  const names: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page = await succeed(
      await fetch(`${url}/api/v1/keys?limit=100${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`, {
        headers: asCreator,
      }),
    );
    const { items, nextCursor } = decodePage(page);
    names.push(...items);
    cursor = nextCursor;
  }
  expect(new Set(names).size).toBe(names.length);
  expect([...acknowledged.keys()].filter((name) => !names.includes(name))).toEqual([]);
  expect(names.filter((name) => !attempted.has(name))).toEqual([]);

  const plaintexts = [...acknowledged.values()];
  await inParallel(AT_ONCE, async (index) => {
    const key = plaintexts[index];
    if (key === undefined) return false;
    const answer = await fetch(`${url}/api/v1/whoami`, { headers: { "x-api-key": key } });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
    return true;
  });

  latchkey.child.kill("SIGTERM");
  expect(await latchkey.ended()).toBe(0);
  using database = new DatabaseSync(join(folder, "database.sqlite3"), { readOnly: true });
  expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
});

function decodePage(page: unknown): { items: string[]; nextCursor: string | null } {
  if (
    typeof page !== "object" ||
    page === null ||
    !("items" in page) ||
    !Array.isArray(page.items) ||
    !("nextCursor" in page)
  ) {
    throw new Error(`not a page: ${JSON.stringify(page)}`);
  }
  const { nextCursor } = page;
  return {
    items: page.items.map((item) => textField(item, "name")),
    nextCursor: typeof nextCursor === "string" ? nextCursor : null,
  };
}
