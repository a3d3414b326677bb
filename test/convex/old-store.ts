import { rm } from "node:fs/promises";
import type { Document, Transaction } from "../../backend/database/database.ts";
import { openDatabase } from "../../backend/database/open-database.ts";
import { WHOLE_INDEX } from "../../backend/values/ordered-key.ts";
import type { JsonObject } from "../../backend/values/json.ts";
import type { Doc } from "../../convex/_generated/dataModel.js";
import { copyTemplate } from "../helpers/template.ts";
import { deployOn, openConvexTest } from "./engines.ts";
import type { Deployment } from "./engines.ts";

export type KeyRow = Omit<Doc<"keys">, "_id" | "_creationTime">;

/** The rows that an older version left behind, over which no migration has run. */
export interface OldStore extends AsyncDisposable {
  /** Starts today's version on them as `npm start` does, and leaves when the work is done. */
  run<Result>(work: (deployment: Deployment) => Promise<Result>): Promise<Result>;
  /** Every key's row, oldest first. */
  keys(): Promise<Doc<"keys">[]>;
  /** Puts keys there in place of those that are there, and forgets that migrations ever ran. */
  replaceKeys(rows: readonly KeyRow[]): Promise<void>;
}

/** Rows inside this process. Nobody starts migrations on them but the test. */
export function openInProcess(): OldStore & ReturnType<typeof openConvexTest> {
  const { t, deployment } = openConvexTest();
  return {
    t,
    deployment,
    run: async (work) => await work(deployment),
    keys: async () => await t.run(async (ctx) => await ctx.db.query("keys").take(10_000)),
    replaceKeys: async (rows) =>
      await t.run(async (ctx) => {
        for (const { _id } of await ctx.db.query("keys").take(10_000)) await ctx.db.delete("keys", _id);
        for (const row of rows) await ctx.db.insert("keys", row);
      }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Rows in a data folder of the embedded backend. `patch` writes what its schema forbids, too. */
export async function openFolder(): Promise<OldStore & { patch(id: string, fields: JsonObject): Promise<void> }> {
  const folder = await copyTemplate();
  const write = async (change: (tx: Transaction) => void) => {
    await using database = openDatabase(folder);
    using tx = database.begin();
    change(tx);
    tx.commit();
  };
  return {
    async run(work) {
      await using deployment = await deployOn(folder);
      return await work(deployment);
    },
    async keys() {
      await using database = openDatabase(folder);
      using tx = database.begin();
      return documents(tx, "", "keys").map(({ value }) => toKey(value));
    },
    replaceKeys: async (rows) =>
      await write((tx) => {
        for (const { id } of documents(tx, "", "keys")) tx.remove("", id);
        for (const { id } of documents(tx, "migrations", "migrations")) tx.remove("migrations", id);
        for (const row of rows) tx.insert("", "keys", { ...row });
      }),
    patch: async (id, fields) => await write((tx) => tx.patch("", id, fields)),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  };
}

function documents(tx: Transaction, mount: string, table: string): Document[] {
  return [...tx.scan(mount, table, "by_creation_time", WHOLE_INDEX, "asc")].map(({ document }) => document);
}

// The database knows nothing of tables' types; only functions that check them have written here.
function toKey(value: JsonObject): Doc<"keys"> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return value as Doc<"keys">;
}
