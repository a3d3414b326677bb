import * as z from "zod";
import type { KeyFilter } from "../model/keys/lists.ts";
import { keyRecordSchema } from "./keyRecord.ts";

/** Keys on a page for who names no limit. */
export const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;

const status = z.enum(["active", "expiring", "not-yet-valid", "disabled", "expired", "revoked"]);

/** By what keys are chosen. */
export const filterShape = {
  status: z.array(status).optional().describe("Only keys in one of these states."),
  ownerId: z.string().optional().describe("The id of a user, whose keys they are or who answers for them, or `me`."),
  ownerKind: z.enum(["personal", "service"]).optional(),
  name: z.string().max(400).optional().describe("All of the name. Case, width and spacing do not matter."),
  tag: z.string().optional(),
  permission: z
    .string()
    .optional()
    .describe(
      "Keys to which it was given, itself or as `resource:*`. What a key holds by composites, roles, groups or on single resources is not looked at.",
    ),
  env: z.enum(["live", "test"]).optional(),
  q: z.string().max(100).optional().describe("Text in the name, description, tags or public part."),
};

/** The same, as the functions take it. */
export function toKeyFilter({
  status: statuses,
  ownerId,
  q,
  ...rest
}: z.infer<z.ZodObject<typeof filterShape>>): KeyFilter {
  return { ...rest, statuses, ownerUserId: ownerId, search: q };
}

/** What listing keys takes. */
export const listSchema = z.strictObject({
  ...filterShape,
  includeDead: z.boolean().optional().describe("Expired and revoked keys too. They are left out unless asked for."),
  cursor: z.string().max(512).optional().describe("The `nextCursor` of the page before."),
  limit: z.number().int().min(1).max(MAX_PAGE).optional().describe(`Keys per page; ${DEFAULT_PAGE} unless told.`),
});

/** One page of keys. */
export const pageSchema = z.object({
  items: z.array(keyRecordSchema),
  nextCursor: z.string().nullable().describe("Null on the last page. A filtered page may be short and not the last."),
});
