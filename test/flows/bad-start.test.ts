import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startLatchkeyProcess } from "../helpers/latchkey-process.ts";
import { listenForTest } from "../helpers/listen.ts";
import { copyTemplate } from "../helpers/template.ts";

let folder: string;
beforeEach(async () => {
  folder = await copyTemplate();
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

/** Starts, expects it to refuse with code 1, and answers what it said. */
async function refusal(args: string[]): Promise<string> {
  await using latchkey = startLatchkeyProcess(args);
  const code = await latchkey.ended();
  expect([code, latchkey.output()]).toEqual([1, expect.stringMatching(/^error: /m)]);
  expect(latchkey.output()).toMatch(/^hint: /m);
  expect(latchkey.output()).not.toMatch(/^\s+at .*:\d+:\d+/m); // no stack: this is the operator's to mend
  return latchkey.output();
}

async function fingerprint(path: string): Promise<Record<string, string>> {
  // The lock names its last owner; everything else has to stay as it is.
  const names = (await readdir(path)).filter((name) => name !== "database.pid").toSorted();
  const hashes = names.map(async (name) => [
    name,
    createHash("sha256")
      .update(await readFile(join(path, name)))
      .digest("hex"),
  ]);
  return Object.fromEntries(await Promise.all(hashes));
}

test("a data folder that cannot be written is refused by name", async () => {
  const file = join(folder, "a-file");
  await writeFile(file, "");
  const said = await refusal(["--port", "0", "--data", join(file, "data")]);
  expect(said).toContain(`the data folder ${join(file, "data")} cannot be written`);
});

test("a corrupt database is refused by name, and nothing in the folder changes", async () => {
  const database = join(folder, "database.sqlite3");
  const sound = await readFile(database);
  const broken = {
    "no database at all": Buffer.from("this is not a database, it only has its name ".repeat(500)),
    "a torn page": Buffer.concat([sound.subarray(0, 4096), Buffer.alloc(4096, 0xa5), sound.subarray(8192)]),
    "cut short": sound.subarray(0, Math.floor(sound.length / 2)),
  };
  for (const [what, content] of Object.entries(broken)) {
    await writeFile(database, content);
    const before = await fingerprint(folder);
    const said = await refusal(["--port", "0", "--data", folder]);
    expect([what, said]).toEqual([what, expect.stringContaining(database)]);
    expect([what, await fingerprint(folder)]).toEqual([what, before]);
  }
});

test("a data folder that another process uses is refused, and the other goes on", async () => {
  await using first = startLatchkeyProcess(["--port", "0", "--data", folder]);
  const url = await first.ready();
  const said = await refusal(["--port", "0", "--data", folder]);
  expect(said).toContain(folder);
  expect(said).toMatch(/another process|in use/);
  expect((await fetch(`${url}/api/health`)).status).toBe(200);
});

test("a busy port is refused with a way out, and no other is taken", async () => {
  const busy = await listenForTest(createServer());
  const { port } = new URL(busy.origin);
  const said = await refusal(["--port", port, "--data", folder]);
  expect(said).toContain(`port ${port} is already in use`);
  expect(said).toContain("--port");
  await busy.close();
});
