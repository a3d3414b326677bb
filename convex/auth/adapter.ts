import type { BetterAuthOptions } from "better-auth";
import { createAdapterFactory } from "@better-auth/core/db/adapter";
import type { CleanedWhere, CustomAdapter, DBAdapter } from "@better-auth/core/db/adapter";
import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Origin } from "./membershipAudit.ts";
import { authTables } from "./tables.ts";
import type { AuthTable } from "./rows.ts";
import type { Clause, Row } from "./where.ts";

export type AdapterOptions = {
  /** Who the audit trail names. Read at each write, so it may be filled in once the session is known. */
  origin: Origin;
};

/**
 * better-auth's database on Convex. Each call is one transaction of its own; better-auth's transactions over
 * several calls are not atomic, which docs/decisions/003 discusses. Only for actions and HTTP actions.
 */
export function convexAdapter(ctx: ActionCtx, { origin }: AdapterOptions) {
  return createAdapterFactory({
    config: {
      adapterId: "convex",
      adapterName: "Convex",
      disableIdGeneration: true,
      supportsNumericIds: false,
      supportsBooleans: true,
      supportsDates: true,
      transaction: false,
      mapKeysTransformInput: { id: "_id" },
      mapKeysTransformOutput: { _id: "id" },
      customTransformInput: ({ data }) => (data instanceof Date ? data.getTime() : data),
      customTransformOutput: ({ data, fieldAttributes }) =>
        fieldAttributes.type === "date" && typeof data === "number" ? new Date(data) : (data ?? null),
    },
    adapter: () => storeOperations(ctx, origin),
  });
}

/**
 * The same adapter where `store` takes the API-key plugin's new `apikey` row and answers its id: the row and the key's
 * record are then written by one transaction. Without this, nobody can create such a row.
 */
export function storingCredentials<Options extends BetterAuthOptions>(
  adapter: DBAdapter<Options>,
  store: (row: Row) => Promise<string>,
): DBAdapter<Options> {
  const create = async <T extends Record<string, unknown>, R = T>({ data }: { data: Omit<T, "id"> }) => {
    const row = fromFactory(data);
    return asRow<R>({ ...row, id: await store(row) });
  };
  return { ...adapter, create };
}

function storeOperations(ctx: ActionCtx, origin: Origin): CustomAdapter {
  const store = internal.auth.store;
  return {
    // better-auth's generics promise whatever row type its caller names; the factory's output transform makes it true.
    create: async <T extends Record<string, unknown>>({ model, data }: { model: string; data: T }) => {
      const table = toTable(model);
      if (table === "apikey") throw new Error("A credential is created only together with its key");
      return asRow<T>(await ctx.runMutation(store.create, { table, data: fromFactory(data), origin }));
    },
    findOne: async <T>({ model, where }: { model: string; where: CleanedWhere[] }) => {
      const [row] = await ctx.runQuery(store.find, { table: toTable(model), where: toClauses(where), limit: 1 });
      return row === undefined ? null : asRow<T>(row);
    },
    findMany: async <T>({ model, where, limit, offset, sortBy }: Parameters<CustomAdapter["findMany"]>[0]) => {
      const wanted = { table: toTable(model), where: toClauses(where ?? []), limit, offset };
      const sort = sortBy && { ...sortBy, field: sortBy.field === "id" ? "_id" : sortBy.field };
      return (await ctx.runQuery(store.find, { ...wanted, sortBy: sort })).map((row: Row) => asRow<T>(row));
    },
    count: async ({ model, where }) =>
      await ctx.runQuery(store.count, { table: toTable(model), where: toClauses(where ?? []) }),
    update: async <T>({ model, where, update }: { model: string; where: CleanedWhere[]; update: T }) => {
      const change = { table: toTable(model), where: toClauses(where), data: fromFactory(update), origin };
      const [row] = await ctx.runMutation(store.update, { ...change, only: "first" });
      return row === undefined ? null : asRow<T>(row);
    },
    updateMany: async ({ model, where, update }) => {
      const change = { table: toTable(model), where: toClauses(where), data: fromFactory(update), origin };
      return (await ctx.runMutation(store.update, { ...change, only: "all" })).length;
    },
    delete: async ({ model, where }) => {
      await ctx.runMutation(store.remove, { table: toTable(model), where: toClauses(where), only: "first", origin });
    },
    deleteMany: async ({ model, where }) => {
      // The plugin sweeps rows that it thinks expired. Ours never expire there, and only we end a credential.
      if (model === "apikey" && where.some((clause) => clause.field === "expiresAt")) return 0;
      const target = { table: toTable(model), where: toClauses(where), only: "all" as const, origin };
      return (await ctx.runMutation(store.remove, target)).length;
    },
    consumeOne: async <T>({ model, where }: { model: string; where: CleanedWhere[] }) => {
      const target = { table: toTable(model), where: toClauses(where), only: "first" as const, origin };
      const [row] = await ctx.runMutation(store.remove, target);
      return row === undefined ? null : asRow<T>(row);
    },
    incrementOne: async <T>({
      model,
      where,
      increment,
      set,
    }: Parameters<NonNullable<CustomAdapter["incrementOne"]>>[0]) => {
      const change = {
        table: toTable(model),
        where: toClauses(where),
        increment,
        data: fromFactory(set ?? {}),
        origin,
      };
      const row = await ctx.runMutation(store.increment, change);
      return row === null ? null : asRow<T>(row);
    },
  };
}

function toTable(model: string): AuthTable {
  if (!isAuthTable(model))
    throw new Error(`better-auth asked for the table ${model}: run scripts/generate-auth-tables.ts`);
  return model;
}

function isAuthTable(model: string): model is AuthTable {
  return Object.hasOwn(authTables, model);
}

function toClauses(where: readonly CleanedWhere[]): Clause[] {
  return where.map(({ field, operator, value, connector, mode }) => ({
    field,
    operator,
    value: value instanceof Date ? value.getTime() : value,
    connector,
    mode,
  }));
}

/** What better-auth hands over, as plain values. */
function fromFactory(data: unknown): Row {
  const entries = Object.entries(data ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([field, value]) => [field, value instanceof Date ? value.getTime() : value]));
}

// The decoder of this file: see `create`.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
function asRow<T>(row: Row): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return row as T;
}
