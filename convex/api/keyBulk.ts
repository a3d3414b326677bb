import * as z from "zod";
import { BULK_MAX } from "../model/keys/bulkRuns.ts";
import type { BulkWish } from "../model/keys/bulkRuns.ts";
import { filterShape, toKeyFilter } from "./keyPage.ts";

/** What `keys.bulk` takes. */
export const bulkInputSchema = z
  .strictObject({
    verb: z.enum(["revoke", "expire", "delete"]),
    keyIds: z.array(z.string().min(1).max(64)).min(1).max(BULK_MAX).optional().describe("The keys, by their ids."),
    filter: z
      .strictObject(filterShape)
      .optional()
      .describe("Or all that listing with these would show. To delete, only dead keys are looked for."),
    preview: z.boolean().describe("Whether to say only what would be done."),
    reason: z.string().optional().describe("Kept in the audit trail with each key."),
    expected: z.number().int().optional().describe("The `count` of a preview. With another one nothing is done."),
    confirm: z
      .string()
      .max(64)
      .optional()
      .describe("The `confirm` of a preview, needed with a filter. When other keys would be hit nothing is done."),
    cursor: z.string().max(512).optional().describe("The `nextCursor` of the call before, with the same filter."),
  })
  .superRefine(({ keyIds, filter, cursor }, context) => {
    if ((keyIds === undefined) === (filter === undefined)) {
      context.addIssue({ code: "custom", path: ["keyIds"], message: "Give either keyIds or a filter." });
    }
    if (cursor !== undefined && filter === undefined) {
      context.addIssue({ code: "custom", path: ["cursor"], message: "A cursor goes with a filter." });
    }
  });

const bulkItemSchema = z.object({
  keyId: z.string(),
  name: z.string().nullable().describe("Null for a key that you may not see."),
  start: z.string().nullable(),
  outcome: z
    .enum(["done", "unchanged", "skipped"])
    .describe("`unchanged`: it is so already. `skipped`: refused, and `code` says why."),
  code: z.string().nullable(),
  message: z.string().nullable(),
});

/** What `keys.bulk` answers. */
export const bulkSchema = z.object({
  preview: z.boolean(),
  count: z.number().int().describe("How many keys were changed, or would be."),
  remaining: z
    .boolean()
    .describe(`Whether there is more to do: one call changes at most ${BULK_MAX} keys. Preview and call again.`),
  nextCursor: z
    .string()
    .nullable()
    .describe("Where to go on with a filter that looked at as many keys as one call does; null otherwise."),
  confirm: z.string().nullable().describe("Names what a preview would hit. Null when it was done."),
  items: z.array(bulkItemSchema).describe("A result per key; of a preview the first 100."),
});

/** The same, as model/keys/bulkRuns.ts takes it. */
export function toBulkWish({ verb, keyIds, filter, cursor, ...rest }: z.infer<typeof bulkInputSchema>): BulkWish {
  const selection = keyIds === undefined ? { filter: toKeyFilter(filter ?? {}), cursor: cursor ?? null } : { keyIds };
  return { verb, selection, reason: rest.reason, expected: rest.expected, confirm: rest.confirm };
}
