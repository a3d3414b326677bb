import * as z from "zod";

/** Things on a page for who names no limit, and at most. */
const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;

/** What lists in the order of names take. */
export const pageFields = {
  cursor: z.string().min(1).max(512).optional().describe("The `nextCursor` of the page before."),
  limit: z.number().int().min(1).max(MAX_PAGE).optional().describe(`Items per page; ${DEFAULT_PAGE} unless told.`),
};
export const pageInput = z.strictObject(pageFields);

/** The same, as the functions take it. */
export function toPageWish({ cursor, limit }: z.infer<typeof pageInput>): { cursor: string | null; limit: number } {
  return { cursor: cursor ?? null, limit: limit ?? DEFAULT_PAGE };
}

/** One page of such a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable().describe("Null on the last page.") });
}

/** The id of one thing, in a path. */
export const idField = z.string().min(1).max(128);
