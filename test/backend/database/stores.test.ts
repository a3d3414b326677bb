import { prepareDatabaseFile } from "#backend/database/database-file.ts";
import { MemoryStore } from "#backend/database/memory-store.ts";
import { SqliteStore } from "#backend/database/sqlite-store.ts";
import { temporaryFolder } from "./open-databases.ts";
import { testStore } from "./store-conformance.ts";

testStore("MemoryStore", () => new MemoryStore());
testStore("SqliteStore", () => new SqliteStore(prepareDatabaseFile(temporaryFolder())));
