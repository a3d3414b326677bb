import type * as z from "zod";
import { previewBulk, runBulk } from "../../model/bulkRuns.ts";
import { bulkInputSchema, bulkSchema, toBulkWish } from "../keyBulk.ts";
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
        "By their ids or by a filter, each by the caller's right to it. A preview says what would be hit; a filter needs its `confirm`. Repeating a call is harmless.",
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
};
