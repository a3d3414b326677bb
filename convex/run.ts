import { v } from "convex/values";
import { internalQuery } from "./_generated/server.js";
import { isIdOf } from "./model/organizations/tables.ts";

/** For the gateway: the paths of those ids in a call's arguments that are of no such table. Whether there is such a row is the function's business. */
export const findWrongIds = internalQuery({
  args: { ids: v.array(v.object({ path: v.string(), table: v.string(), id: v.string() })) },
  returns: v.array(v.string()),
  handler: async (ctx, { ids }) => ids.filter(({ table, id }) => !isIdOf(ctx.db, table, id)).map(({ path }) => path),
});
