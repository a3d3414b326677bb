import * as z from "zod";
import type { NewKey } from "../model/newKeys.ts";
import { ALLOW_LIST_MAX, RESOURCE_MAX_LENGTH } from "../shared/allowList.ts";
import { CIDRS_MAX } from "../shared/cidr.ts";
import { rateLimitSchema } from "./keyRecord.ts";

/** What creating a key takes. Shapes only: the rules are in model/newKeys.ts and answer with the field they are about. */
export const newKeySchema = z.strictObject({
  name: z.string().describe("1 to 100 characters, unique among the owner's live keys."),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  env: z.enum(["live", "test"]).optional().describe("`live` unless told."),
  prefix: z.string().optional().describe("2 to 16 lower-case letters and digits; `lk` unless told."),
  permissions: z
    .array(z.string())
    .optional()
    .describe("Each as `resource:action` or `resource:*`. None unless told. You can only grant what you hold."),
  expiresAt: z
    .number()
    .int()
    .nullable()
    .optional()
    .describe("Epoch milliseconds, at most 365 days ahead. In 30 days unless told."),
  rateLimit: rateLimitSchema.nullable().optional(),
  cidrs: z
    .array(z.string().max(64))
    .max(256)
    .nullable()
    .optional()
    .describe(
      `From where the key may be used: at most ${CIDRS_MAX} addresses or ranges, such as \`192.0.2.0/24\` or \`2001:db8::/32\`. Anywhere unless told.`,
    ),
  allowList: z
    .array(z.union([z.string().max(RESOURCE_MAX_LENGTH), z.strictObject({ type: z.string(), id: z.string() })]))
    .max(1024)
    .nullable()
    .optional()
    .describe(
      `Resources of your API that the key may touch: at most ${ALLOW_LIST_MAX}, each \`type:id\`, \`type:*\` or \`*:*\`, or an object of both parts. Everything unless told; an empty list allows nothing.`,
    ),
  ownerKind: z.enum(["personal", "service"]).optional(),
  ownerUserId: z.string().optional().describe("Whose key it is, or who answers for a service key. You unless told."),
});

/** A resource may be given as one text or in its two parts; inside, it is the text. */
export function toNewKey({ allowList, ...input }: z.infer<typeof newKeySchema>): NewKey {
  if (!allowList) return { ...input, allowList };
  return {
    ...input,
    allowList: allowList.map((entry) => (typeof entry === "string" ? entry : `${entry.type}:${entry.id}`)),
  };
}
