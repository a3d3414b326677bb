import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const LOCK_FILE = "database.lock";
const OWNER_FILE = "database.pid";

/** Thrown when another process (or this one) has the folder open. */
export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";
}

/** Holds a folder for this process until disposed. */
export interface FolderLock extends Disposable {
  readonly folder: string;
}

/**
 * Takes the folder for this process or throws FolderInUseError, naming the folder and the owner's process id.
 * The operating system drops the lock with the process, however that ends, so a crash leaves nothing to clean up.
 */
export function lockFolder(folder: string): FolderLock {
  // Node has no file locks of its own, but SQLite's are: an exclusive transaction on an empty database holds one.
  const lock = new DatabaseSync(join(folder, LOCK_FILE));
  try {
    lock.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new FolderInUseError(
      `The data folder ${folder} is in use by ${ownerOf(folder)}. Stop it first: two servers on one folder would damage it.`,
    );
  }
  // Only for the message above; the lock itself is what counts.
  writeFileSync(join(folder, OWNER_FILE), `${process.pid}\n`);
  return {
    folder,
    [Symbol.dispose]: () => {
      if (lock.isOpen) lock.close();
    },
  };
}

function ownerOf(folder: string): string {
  try {
    const pid = readFileSync(join(folder, OWNER_FILE), "utf8").trim();
    return pid === "" ? "another process" : `process ${pid}`;
  } catch {
    // The owner may not have come so far yet.
    return "another process";
  }
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}
