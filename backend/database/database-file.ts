import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { isAsClosed, removeNote } from "./closing-note.ts";
import { createSchema, DATABASE_FILE, FORMAT_VERSION } from "./sqlite-schema.ts";

const CHECK_FOLDER = ".check-";
const MAGIC = "SQLite format 3\0";

/** Thrown when the database file is damaged or not ours; nothing in the folder has been changed. */
export class CorruptDatabaseError extends Error {
  override readonly name = "CorruptDatabaseError";
}

/** Thrown when the data folder cannot be created or written to. */
export class FolderNotWritableError extends Error {
  override readonly name = "FolderNotWritableError";
}

/** Creates the folder if need be. Throws FolderNotWritableError with the system's reason. */
export function requireWritableFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FolderNotWritableError(`The data folder ${folder} cannot be written to: ${reason}`, { cause: error });
  }
}

/** Returns the path of a sound database in the folder, creating an empty one on first use. Hold the folder's lock. */
export function prepareDatabaseFile(folder: string): string {
  const file = join(folder, DATABASE_FILE);
  if (existsSync(file)) {
    requireSound(folder, file);
    removeNote(file);
  } else if (existsSync(`${file}-wal`)) {
    throw corrupt(file, "it is missing, but its write-ahead log is there");
  } else {
    createFile(folder, file);
  }
  return file;
}

/** Made under another name and moved into place, so a half-made file is never taken for a database. */
function createFile(folder: string, file: string): void {
  const draft = `${file}.new`;
  for (const leftover of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(leftover, { force: true });
  const database = new DatabaseSync(draft);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  createSchema(database);
  database.close();
  renameSync(draft, file);
  syncFolder(folder);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function requireSound(folder: string, file: string): void {
  const header = Buffer.alloc(100);
  const handle = openSync(file, "r");
  let headerLength: number;
  try {
    headerLength = readSync(handle, header, 0, header.length, 0);
  } finally {
    closeSync(handle);
  }
  if (headerLength < header.length) throw corrupt(file, `it is cut off after ${headerLength} bytes`);
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) throw corrupt(file, "it does not start as a SQLite file");

  const hasLog = existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0;
  if (hasLog) withLinks(folder, file, (copy) => checkFile(file, copy, { readOnly: true }));
  // Immutable: SQLite then neither makes nor touches the files beside it.
  else checkFile(file, `${pathToFileURL(file).href}?immutable=1`, { readOnly: true });
}

/**
 * After a crash the log belongs to the database, and reading both would rebuild the shared-memory file beside them.
 * Looked at through links in a folder of their own, the originals stay as they are.
 */
function withLinks(folder: string, file: string, check: (copy: string) => void): void {
  for (const name of readdirSync(folder)) {
    // Of a start that was killed during its check.
    if (name.startsWith(CHECK_FOLDER)) rmSync(join(folder, name), { recursive: true, force: true });
  }
  const place = mkdtempSync(join(folder, CHECK_FOLDER));
  try {
    const copy = join(place, DATABASE_FILE);
    for (const suffix of ["", "-wal"]) {
      try {
        linkSync(file + suffix, copy + suffix);
      } catch {
        // Some file systems have no hard links.
        copyFileSync(file + suffix, copy + suffix, constants.COPYFILE_FICLONE);
      }
    }
    check(copy);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function checkFile(file: string, location: string, options: { readOnly: boolean }): void {
  let problems: string[];
  let version: unknown;
  try {
    const database = new DatabaseSync(location, options);
    try {
      version = database.prepare("PRAGMA user_version").get()?.user_version;
      problems = isAsClosed(file) ? [] : quickCheck(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw corrupt(file, error instanceof Error ? error.message : String(error));
  }
  const [first] = problems;
  if (first !== undefined) throw corrupt(file, first);
  if (version !== FORMAT_VERSION) {
    throw new CorruptDatabaseError(
      `The database ${file} has format ${String(version)}, but this server writes format ${FORMAT_VERSION}. ` +
        "Nothing was changed. Use the server version that wrote it.",
    );
  }
}

/** SQLite's own check of the file's structure; empty when it is sound. */
export function quickCheck(database: DatabaseSync): string[] {
  const rows = database.prepare("PRAGMA quick_check(10)").all();
  const problems = rows.map((row) => Object.values(row).join(" "));
  return problems.length === 1 && problems[0] === "ok" ? [] : problems;
}

function corrupt(file: string, what: string): CorruptDatabaseError {
  return new CorruptDatabaseError(
    `The database ${file} is damaged: ${what}. Nothing was changed. Restore the folder from a backup, or move the ` +
      "file away to start with an empty database.",
  );
}
