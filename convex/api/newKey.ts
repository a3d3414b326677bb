import * as z from "zod";
import type { KeyFields } from "../model/keys/fields.ts";
import type { NewKey } from "../model/keys/newKeys.ts";
import { ALLOW_LIST_MAX, RESOURCE_MAX_LENGTH } from "../shared/allowList.ts";
import { CIDRS_MAX } from "../shared/cidr.ts";
import { metadataSchema, quotaSchema, rateLimitSchema, resourcePermissionsSchema } from "./keyRecord.ts";

/** Everything about a key that may be chosen when it is made and changed later. Shapes only: the rules are in model/keys/fields.ts and answer with the field they are about. */
export const keyFieldsSchema = z.strictObject({
  name: z.string().describe("1 to 100 characters, unique among the owner's live keys."),
  description: z.string().nullable().optional(),
  tags: z.array(z.string()).optional(),
  permissions: z
    .array(z.string())
    .optional()
    .describe(
      "Each as `resource:action` or `resource:*`, or the name of a composite. None unless told. You can only grant what you hold.",
    ),
  roles: z.array(z.string()).optional().describe("Service keys only: roles that it holds beside its permissions."),
  resourcePermissions: resourcePermissionsSchema
    .optional()
    .describe(
      "Service keys only: permissions that it holds on single resources. Those of `keys` on `key:<id>` are for that one key.",
    ),
  expiresAt: z
    .number()
    .int()
    .nullable()
    .optional()
    .describe(
      "Epoch milliseconds, at most 365 days ahead unless the policy says otherwise; null for never, where it allows that. In 30 days unless told.",
    ),
  notBefore: z.number().int().nullable().optional().describe("From when on it is good, epoch milliseconds."),
  idleExpiryMs: z
    .number()
    .int()
    .nullable()
    .optional()
    .describe("How long it may go unused before it counts as expired, in milliseconds: at least an hour."),
  rateLimit: rateLimitSchema.nullable().optional(),
  quota: quotaSchema.nullable().optional(),
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
      `Resources of your API that the key may touch: at most ${ALLOW_LIST_MAX}, each \`type:id\`, \`type:*\` or \`*:*\`, or an object of both parts. Each key of Latchkey counts as \`key:<id>\`, itself too. Everything unless told; an empty list allows nothing.`,
    ),
  metadata: metadataSchema
    .nullable()
    .optional()
    .describe("A JSON object of at most 4 KiB to keep with the key. Latchkey does not look inside."),
});

/** What creating a key takes. */
export const newKeySchema = keyFieldsSchema.extend({
  env: z.enum(["live", "test"]).optional().describe("`live` unless told."),
  format: z
    .enum(["opaque", "jwt"])
    .optional()
    .describe(
      "`opaque` unless told. `jwt`: a signed token that others can check offline by `/.well-known/jwks.json`; it lives from 7 to 365 days, and only rotating it gives it another expiry.",
    ),
  ownerKind: z.enum(["personal", "service"]).optional(),
  ownerUserId: z.string().optional().describe("Whose key it is, or who answers for a service key. You unless told."),
});

/** The same, as the functions take it. */
export function toNewKey({
  name,
  env,
  format,
  ownerKind,
  ownerUserId,
  ...fields
}: z.infer<typeof newKeySchema>): NewKey {
  return { ...toKeyFields(fields), name, env, format, ownerKind, ownerUserId };
}

/** A resource may be given as one text or in its two parts, and metadata as an object; inside, both are text. */
export function toKeyFields({ allowList, metadata, ...fields }: Partial<z.infer<typeof keyFieldsSchema>>): KeyFields {
  return {
    ...fields,
    allowList: allowList && allowList.map((entry) => (typeof entry === "string" ? entry : `${entry.type}:${entry.id}`)),
    metadata: metadata && JSON.stringify(metadata),
  };
}
