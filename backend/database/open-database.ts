import type { Database } from "./database.ts";
import { prepareDatabaseFile, requireWritableFolder } from "./database-file.ts";
import { lockFolder } from "./folder-lock.ts";
import { MemoryStore } from "./memory-store.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { VersionedDatabase, type DatabaseOptions } from "./versioned-database.ts";

/**
 * Opens the database in a folder, creating both on first use.
 *
 * Throws FolderNotWritableError, FolderInUseError (another process has it) or CorruptDatabaseError (nothing was changed).
 *
 * @example await using database = openDatabase("data");
 */
export function openDatabase(folder: string, options?: DatabaseOptions): Database {
  requireWritableFolder(folder);
  const lock = lockFolder(folder);
  try {
    const store = new SqliteStore(prepareDatabaseFile(folder));
    return new VersionedDatabase(store, { ...options, onClosed: () => lock[Symbol.dispose]() });
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** A database that lives as long as the process; everything else is the same. */
export function openMemoryDatabase(options?: DatabaseOptions): Database {
  return new VersionedDatabase(new MemoryStore(), options);
}
