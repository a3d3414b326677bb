import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startLatchkeyProcess } from "../helpers/latchkey-process.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "latchkey-start-"));
});
afterEach(async () => await rm(root, { recursive: true, force: true }));

const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

test("the first start pushes and serves, Ctrl-C ends it with 0, and the second is ready without building or pushing anything", async () => {
  const data = join(root, "data");
  const first = startLatchkeyProcess(["--port", "0", "--data", data]);
  const url = await first.ready();
  expect(first.output()).toContain("Pushing the functions in convex/");
  const [where, dataLine, next] = first.output().trimEnd().split("\n").slice(-3);
  expect([where, dataLine, next]).toEqual([
    expect.stringContaining(url),
    expect.stringContaining(data),
    expect.stringContaining("create your first key"),
  ]);
  expect([await mode(data), await mode(join(data, "secrets.json"))]).toEqual(["700", "600"]);
  expect((await fetch(`${url}/api/health`)).status).toBe(200);
  const page = await fetch(`${url}/docs`);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const secrets = await readFile(join(data, "secrets.json"), "utf8");
  // As a terminal and npm do together: the same Ctrl-C arrives twice.
  first.child.kill("SIGINT");
  first.child.kill("SIGINT");
  expect(await first.ended()).toBe(0);

  await using second = startLatchkeyProcess(["--port", "0", "--data", data]);
  const again = await second.ready();
  expect((await fetch(`${again}/api/health`)).status).toBe(200);
  expect(second.output()).not.toContain("Pushing");
  expect(second.output()).not.toContain("Building");
  expect(await readFile(join(data, "secrets.json"), "utf8")).toBe(secrets);
  second.child.kill("SIGTERM");
  expect(await second.ended()).toBe(0);
});

test("--help explains the options and starts nothing; a wrong option is named and exits with 2", async () => {
  const help = startLatchkeyProcess(["--help"]);
  expect(await help.ended()).toBe(0);
  expect(help.output()).toContain("--port");
  for (const [args, complaint] of [
    [["--prot", "1"], "--prot"],
    [["--port", "99999"], "99999 is no port"],
    [["--url", "keys.example.com"], "keys.example.com is no origin"],
  ] as const) {
    const wrong = startLatchkeyProcess([...args]);
    expect(await wrong.ended()).toBe(2);
    expect(wrong.output()).toContain(complaint);
    expect(wrong.output()).toContain("hint:");
  }
});
