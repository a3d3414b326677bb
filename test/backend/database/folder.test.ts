import { spawnSync, type SpawnSyncOptions } from "node:child_process";
import { hash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CorruptDatabaseError } from "#backend/database/database-file.ts";
import { openDatabase } from "#backend/database/open-database.ts";
import { EVERYTHING, fieldsOf, inTransaction, temporaryFolder } from "./open-databases.ts";
import { startWriter } from "./writer-process.ts";

const FILE = "database.sqlite3";

/** Name, time of change and hash of every file but the lock's own two, which are not data. */
function contentsOf(folder: string): [name: string, changedMs: number, hash: string][] {
  return readdirSync(folder)
    .filter((name) => name !== "database.lock" && name !== "database.pid")
    .toSorted()
    .map((name) => {
      const { mtimeMs } = statSync(join(folder, name));
      return [name, mtimeMs, hash("sha256", readFileSync(join(folder, name)))];
    });
}

/** A folder with some documents, closed properly or cut off by kill -9 (which leaves a write-ahead log). */
async function filledFolder(end: "closed" | "killed"): Promise<string> {
  const folder = temporaryFolder();
  if (end === "killed") {
    const writer = await startWriter(folder);
    await writer.acknowledged(200);
    await writer.kill();
    expect(statSync(join(folder, `${FILE}-wal`)).size).toBeGreaterThan(0);
  } else {
    await using database = openDatabase(folder);
    for (let n = 0; n < 2000; n += 1)
      inTransaction(database, (tx) => tx.insert("", "rows", { n, pad: "x".repeat(100) }));
  }
  return folder;
}

/** Opening must throw and leave every byte as it was. */
function expectRefused(folder: string): string {
  const before = contentsOf(folder);
  let message = "";
  try {
    openDatabase(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(CorruptDatabaseError);
    if (error instanceof Error) ({ message } = error);
  }
  expect(message).toContain(join(folder, FILE));
  expect(message).toContain("Nothing was changed");
  expect(contentsOf(folder)).toEqual(before);
  return message;
}

function overwrite(file: string, offset: number, bytes: Buffer): void {
  const content = readFileSync(file);
  bytes.copy(content, offset);
  writeFileSync(file, content);
}

test("a file that is no SQLite database is refused", async () => {
  const folder = await filledFolder("closed");
  overwrite(join(folder, FILE), 0, Buffer.from("this is not a database at all"));
  expect(expectRefused(folder)).toContain("does not start as a SQLite file");
});

test("a file cut off in the middle is refused", async () => {
  const folder = await filledFolder("closed");
  truncateSync(join(folder, FILE), Math.floor(statSync(join(folder, FILE)).size / 2 / 4096) * 4096);
  expectRefused(folder);
});

test("an empty file is refused: it was a database once", async () => {
  const folder = await filledFolder("closed");
  truncateSync(join(folder, FILE), 0);
  expect(expectRefused(folder)).toContain("cut off after 0 bytes");
});

test("a damaged page is refused", async () => {
  const folder = await filledFolder("closed");
  const { size } = statSync(join(folder, FILE));
  overwrite(join(folder, FILE), Math.floor(size / 2 / 4096) * 4096, Buffer.alloc(4096, 0xa5));
  expectRefused(folder);
});

test("a damaged page is refused after a crash, too, and the log stays untouched", async () => {
  const folder = await filledFolder("killed");
  // The log holds newer copies of some pages; with every page overwritten it cannot hide the damage.
  const file = join(folder, FILE);
  overwrite(file, 100, Buffer.alloc(statSync(file).size - 100, 0xa5));
  truncateSync(`${file}-wal`, 32);
  expectRefused(folder);
});

test("a file that was closed properly and not touched since is not walked through again; any other one is", async () => {
  const folder = await filledFolder("closed");
  const file = join(folder, FILE);
  const { size, atime, mtime } = statSync(file, { bigint: false });
  const note = readFileSync(`${file}.closed`, "utf8");
  overwrite(file, Math.floor(size / 2 / 4096) * 4096, Buffer.alloc(4096, 0xa5));
  // As if the damaged file were the one that was closed: only then is the damage not looked for.
  utimesSync(file, atime, mtime);
  const { mtimeNs, ino } = statSync(file, { bigint: true });
  expectRefused(folder);
  writeFileSync(`${file}.closed`, note.replace(/^(\d+) \d+ \d+/, `$1 ${mtimeNs} ${ino}`));
  await openDatabase(folder).close();
});

test("a server that was killed leaves no note of a proper close", async () => {
  const folder = await filledFolder("closed");
  expect(existsSync(join(folder, `${FILE}.closed`))).toBe(true);
  const writer = await startWriter(folder);
  await writer.acknowledged(1);
  await writer.kill();
  expect(existsSync(join(folder, `${FILE}.closed`))).toBe(false);
});

test("a log without its database is refused", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, `${FILE}-wal`), "log");
  expect(expectRefused(folder)).toContain("it is missing");
});

test("a folder that cannot be made or written is refused with its name and the reason", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "file"), "");
  expect(() => openDatabase(join(folder, "file", "data"))).toThrow(
    /The data folder .*file.data cannot be written to: ENOTDIR/,
  );

  const locked = join(folder, "locked");
  mkdirSync(locked);
  chmodSync(locked, 0o555);
  chmodSync(folder, 0o755);
  const script = `const { openDatabase } = await import("./backend/database/open-database.ts");
    try { openDatabase(${JSON.stringify(locked)}); } catch (error) { console.log(error.name, error.message); }`;
  // Root may write anywhere, so the attempt is made as somebody else.
  const options: SpawnSyncOptions & { encoding: "utf8" } = { encoding: "utf8" };
  if (process.getuid?.() === 0) Object.assign(options, { uid: 65534, gid: 65534 });
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], options);
  expect(stdout + stderr).toContain(`FolderNotWritableError The data folder ${locked} cannot be written to: EACCES`);
});

test("a second process is refused with the folder and the owner's pid; a kill -9 leaves no obstacle", async () => {
  const folder = temporaryFolder();
  const writer = await startWriter(folder);
  await writer.acknowledged(1);
  expect(() => openDatabase(folder)).toThrow(`The data folder ${folder} is in use by process ${writer.pid}.`);
  await writer.kill();
  await using database = openDatabase(folder);
  // Within one process it is refused just the same.
  expect(() => openDatabase(folder)).toThrow(`in use by process ${process.pid}`);
  expect(database.tables("")).toEqual(["rows"]);
});

test("after kill -9 everything acknowledged is there once, in order, and all indexes agree", async () => {
  const folder = temporaryFolder();
  const acknowledged: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const writer = await startWriter(folder, round * 1_000_000);
    await writer.acknowledged(300 + round * 50);
    acknowledged.push(...(await writer.kill()));
    await using database = openDatabase(folder);
    using tx = database.begin();
    const found = fieldsOf(tx.scan("", "rows", "by_n", EVERYTHING, "asc"), "n").map(Number);
    expect(new Set(found).size).toBe(found.length);
    expect(acknowledged.filter((n) => !new Set(found).has(n))).toEqual([]);
    const inOrder = fieldsOf(tx.scan("", "rows", "by_creation_time", EVERYTHING, "asc"), "n");
    expect(inOrder).toEqual(found);
    expect(await database.checkIntegrity()).toEqual([]);
  }
  expect(acknowledged.length).toBeGreaterThan(1000);
});
