import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadSecrets, openDataFolder } from "../../server/data-folder.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "latchkey-data-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

test("E6: a missing data folder is made for its owner alone, and so are the secrets in it", () => {
  const folder = join(root, "a", "b");
  openDataFolder(folder);
  loadSecrets(folder);
  expect([mode(folder), mode(join(folder, "secrets.json"))]).toEqual(["700", "600"]);
});

test("secrets are made once and stay what they are", () => {
  const first = loadSecrets(root);
  expect(first.adminKey).toMatch(/^latchkey\|[0-9a-f]{64}$/);
  expect(first.authSecret).toMatch(/^[\w-]{43}$/);
  expect(first.proxySecret).toMatch(/^[\w-]{43}$/);
  expect(loadSecrets(root)).toEqual(first);
});

test("a folder from before the proxy's secret gets one, and keeps the others", () => {
  const file = join(root, "secrets.json");
  writeFileSync(file, '{"adminKey":"a","authSecret":"b"}', { mode: 0o600 });
  const completed = loadSecrets(root);
  expect(completed).toMatchObject({ adminKey: "a", authSecret: "b" });
  expect(completed.proxySecret).toMatch(/^[\w-]{43}$/);
  expect(loadSecrets(root)).toEqual(completed);
  expect(mode(file)).toBe("600");
});

test("a path that cannot be a folder is refused with its name", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  expect(() => openDataFolder(join(file, "data"))).toThrow(
    `the data folder ${join(file, "data")} cannot be written (ENOTDIR)`,
  );
});

test("secrets that cannot be read are refused and left as they are", () => {
  const file = join(root, "secrets.json");
  for (const broken of ["{", "null", '{"adminKey":"x"}', '{"adminKey":"","authSecret":""}']) {
    writeFileSync(file, broken);
    expect(() => loadSecrets(root)).toThrow(`${file} cannot be used`);
    expect(readFileSync(file, "utf8")).toBe(broken);
  }
});

test("secrets that others could read are closed to them again", () => {
  loadSecrets(root);
  const file = join(root, "secrets.json");
  writeFileSync(file, readFileSync(file), { mode: 0o644 });
  loadSecrets(root);
  expect(mode(file)).toBe("600");
});
