import * as z from "zod";
import { internal } from "../../_generated/api.js";
import { byId, onKey } from "../keyOperation.ts";
import { DEFAULT_PAGE, listSchema, pageSchema, toKeyFilter } from "../keyPage.ts";
import { EXAMPLE_RECORD, keyRecordSchema, ownKeySchema, toKeyRecord, toOwnKey } from "../keyRecord.ts";
import type { KeyRecord } from "../keyRecord.ts";
import { keyFieldsSchema, toKeyFields } from "../newKey.ts";
import { callerProcedure, personProcedure } from "../trpc.ts";

const ownPageSchema = z.object({
  items: z.array(ownKeySchema),
  nextCursor: z.string().nullable().describe("Null on the last page. A page may be short and not the last."),
});
const EXAMPLE_OWN = toOwnKey(EXAMPLE_RECORD, "Analytical Engines");

/** What is read and written of keys. */
export const keyRecords = {
  list: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/keys",
      status: 200,
      tag: "Keys",
      summary: "List keys",
      description: "Newest first. Takes `keys:read`; who holds it for their own keys only sees those.",
      errors: [],
      example: { output: { items: [EXAMPLE_RECORD], nextCursor: null } },
    })
    .input(listSchema.default({}))
    .output(pageSchema)
    .query(async ({ ctx, input }): Promise<z.infer<typeof pageSchema>> => {
      const { includeDead = false, cursor = null, limit = DEFAULT_PAGE, ...filter } = input;
      const at = Date.now();
      const { items, nextCursor } = await ctx.convex.runQuery(internal.keys.listForCaller, {
        caller: ctx.identified.caller,
        includeDead,
        filter: toKeyFilter(filter),
        cursor,
        limit,
        at,
      });
      return { items: items.map((view) => toKeyRecord(view, at)), nextCursor };
    }),

  listMine: personProcedure
    .meta({
      method: "GET",
      path: "/api/v1/me/keys",
      status: 200,
      tag: "Keys",
      summary: "List your own keys everywhere",
      description:
        "Your personal keys in all organizations, newest first, also in those that you have left: you may revoke them there. For people, by their session; it takes no permission.",
      errors: [],
      person: true,
      example: { output: { items: [EXAMPLE_OWN], nextCursor: null } },
    })
    .input(listSchema.pick({ includeDead: true, cursor: true, limit: true }).default({}))
    .output(ownPageSchema)
    .query(async ({ ctx, input }): Promise<z.infer<typeof ownPageSchema>> => {
      const { includeDead = false, cursor = null, limit = DEFAULT_PAGE } = input;
      const at = Date.now();
      const wanted = { userId: ctx.userId, includeDead, cursor, limit, at };
      const { keys, nextCursor } = await ctx.convex.runQuery(internal.keys.listOwn, wanted);
      return {
        items: keys.map(({ key, organizationName }) => toOwnKey(toKeyRecord(key, at), organizationName)),
        nextCursor,
      };
    }),

  get: callerProcedure
    .meta(onKey("GET", "", "Get a key", "Takes `keys:read`.", []))
    .input(byId)
    .output(keyRecordSchema)
    .query(async ({ ctx, input }): Promise<KeyRecord> => {
      const { caller } = ctx.identified;
      return toKeyRecord(await ctx.convex.runQuery(internal.keys.getForCaller, { caller, ...input }), Date.now());
    }),

  update: callerProcedure
    .meta({
      ...onKey(
        "PATCH",
        "",
        "Change a key",
        "Changes the fields that are given; null takes one away. Prefix, environment and owner stay as they are. Who changes more than texts needs to hold what the key can do then. Takes `keys:update`.",
        ["CONFLICT", "NAME_TAKEN"],
      ),
      example: {
        input: { name: "Billing worker", tags: ["billing"], rateLimit: { limit: 100, windowMs: 60_000 } },
        output: EXAMPLE_RECORD,
      },
    })
    .input(keyFieldsSchema.partial().extend(byId.shape))
    .output(keyRecordSchema)
    .mutation(async ({ ctx, input: { keyId, ...fields } }): Promise<KeyRecord> => {
      const change = { caller: ctx.identified.caller, keyId, changes: toKeyFields(fields) };
      return toKeyRecord(await ctx.convex.runMutation(internal.keys.update, change), Date.now());
    }),
};
