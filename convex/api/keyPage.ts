import * as z from "zod";
import { keyRecordSchema } from "./keyRecord.ts";

/** Keys on a page for who names no limit. */
export const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;

const status = z.enum(["active", "expiring", "not-yet-valid", "disabled", "expired", "revoked"]);

/** What listing keys takes. */
export const listSchema = z.strictObject({
  status: z.array(status).optional().describe("Only keys in one of these states."),
  includeDead: z.boolean().optional().describe("Expired and revoked keys too. They are left out unless asked for."),
  ownerId: z.string().optional(),
  tag: z.string().optional(),
  permission: z.string().optional(),
  env: z.enum(["live", "test"]).optional(),
  q: z.string().max(100).optional().describe("Text in the name, description or public part."),
  cursor: z.string().max(512).optional().describe("The `nextCursor` of the page before."),
  limit: z.number().int().min(1).max(MAX_PAGE).optional().describe(`Keys per page; ${DEFAULT_PAGE} unless told.`),
});

/** One page of keys. */
export const pageSchema = z.object({
  items: z.array(keyRecordSchema),
  nextCursor: z.string().nullable().describe("Null on the last page. A filtered page may be short and not the last."),
});
