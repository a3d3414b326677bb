import type * as z from "zod";
import { internal } from "../../_generated/api.js";
import { previewBulk, runBulk } from "../../model/keys/bulkRuns.ts";
import { bulkInputSchema, bulkSchema, toBulkWish } from "../keyBulk.ts";
import { importInputSchema, importSchema, toImportResult, toImportedKey } from "../keyImport.ts";
import { EXAMPLE_RECORD } from "../keyRecord.ts";
import { callerProcedure } from "../trpc.ts";

/** What is done to many keys at once. */
export const keySets = {
  bulk: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/keys/bulk",
      status: 200,
      tag: "Keys",
      summary: "Revoke, expire or delete many keys",
      description:
        "By their ids or by a filter. Takes `keys:revoke`, `keys:expire` or `keys:delete` on each of them. A preview says what would be hit; a filter needs its `confirm`. Repeating a call is harmless.",
      errors: ["CONFLICT"],
      example: {
        input: { verb: "revoke", filter: { tag: "billing" }, preview: true },
        output: {
          preview: true,
          count: 1,
          remaining: false,
          nextCursor: null,
          confirm: "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
          items: [
            {
              keyId: EXAMPLE_RECORD.id,
              name: EXAMPLE_RECORD.name,
              start: EXAMPLE_RECORD.start,
              outcome: "done",
              code: null,
              message: null,
            },
          ],
        },
      },
    })
    .input(bulkInputSchema)
    .output(bulkSchema)
    .mutation(async ({ ctx, input }): Promise<z.infer<typeof bulkSchema>> => {
      const { caller } = ctx.identified;
      const wish = toBulkWish(input);
      if (input.preview) return { preview: true, ...(await previewBulk(ctx.convex, caller, wish)) };
      return { preview: false, confirm: null, ...(await runBulk(ctx.convex, caller, wish)) };
    }),

  import: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/keys/import",
      status: 200,
      tag: "Keys",
      summary: "Import keys of another system",
      description:
        "By their hashes, so that they go on working here. A refused item leaves the others be. Rotating one gives it a secret of our own format under the same id. Takes `keys:create`, and within it what creating such a key takes.",
      errors: [],
      example: {
        input: {
          items: [
            {
              name: EXAMPLE_RECORD.name,
              hash: {
                algorithm: "sha256-hex",
                value: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
              },
              prefix: "acme_",
              start: "acme_7Hq2",
              last4: "c0de",
              permissions: EXAMPLE_RECORD.permissions,
              ownerKind: "service",
            },
          ],
        },
        output: {
          created: 1,
          items: [
            {
              outcome: "created",
              record: { ...EXAMPLE_RECORD, start: "acme_7Hq2" },
              code: null,
              message: null,
              errors: [],
            },
          ],
        },
      },
    })
    .input(importInputSchema)
    .output(importSchema)
    .mutation(async ({ ctx, input }): Promise<z.infer<typeof importSchema>> => {
      const items = input.items.map(toImportedKey);
      const results = await ctx.convex.runMutation(internal.imports.insert, { caller: ctx.identified.caller, items });
      const at = Date.now();
      return {
        created: results.filter(({ outcome }) => outcome === "created").length,
        items: results.map((result) => toImportResult(result, at)),
      };
    }),
};
