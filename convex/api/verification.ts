import * as z from "zod";
import {
  COST_MAX,
  LICENSE_MAX_LENGTH,
  TAGS_PER_USE_MAX,
  USE_TAG_MAX_LENGTH,
  readQuestion,
} from "../model/verification/verifyQuestion.ts";
import { JWT_MAX_LENGTH } from "../shared/jwt.ts";
import { TAG_PATTERN } from "../shared/limits.ts";
import { EXPRESSION_MAX_LENGTH } from "../shared/permissionExpression.ts";
import { EXAMPLE_RECORD, metadataSchema, quotaStateSchema } from "./keyRecord.ts";

/** What `keys.verify` takes. The gateway's light path takes the same, without this schema when the input is plain. */
export const verifyInputSchema = z
  .strictObject({
    key: z.string().min(1).max(JWT_MAX_LENGTH).describe("The plaintext that somebody presented to you."),
    permission: z
      .string()
      .meta({ maxLength: EXPRESSION_MAX_LENGTH })
      .optional()
      .describe(
        "What the key must be allowed to do: `orders:read`, or an expression such as `orders:read AND (orders:refund OR billing:*)`. AND binds tighter than OR.",
      ),
    ip: z
      .string()
      .optional()
      .describe(
        "The address of who presented the key to you. A key that is bound to addresses is FORBIDDEN without it.",
      ),
    resource: z
      .string()
      .optional()
      .describe(
        "What the call touches, as `type:id`, or `type:*` for all of a type. Without it the key's allow list is not asked, unless it is empty.",
      ),
    license: z
      .string()
      .meta({ minLength: 1, maxLength: LICENSE_MAX_LENGTH })
      .optional()
      .describe("The name of a license that the key has to hold now."),
    cost: z.number().optional().describe(`How much of its limits the call takes: 1 unless told, at most ${COST_MAX}.`),
    tags: z
      .array(z.string().meta({ minLength: 1, maxLength: USE_TAG_MAX_LENGTH, pattern: TAG_PATTERN.source }))
      .optional()
      .describe(
        `What the use is counted under in the usage figures: at most ${TAGS_PER_USE_MAX} tags without control or invisible characters.`,
      ),
  })
  .superRefine((input, context) => {
    for (const { path, message } of readQuestion(input).fields) {
      context.addIssue({ code: "custom", path: [path], message });
    }
  });

/** How many keys one call may ask about. */
export const BATCH_MAX = 100;

/** What `keys.verifyBatch` takes. */
export const verifyBatchInputSchema = z.strictObject({
  items: z
    .array(verifyInputSchema)
    .min(1)
    .max(BATCH_MAX)
    .describe(`Up to ${BATCH_MAX} questions, each as \`keys.verify\` takes it.`),
});

/** A key's limit after this call, in requests and milliseconds. */
export const rateSchema = z
  .object({
    ok: z.boolean(),
    limit: z.number().int(),
    remaining: z.number().int(),
    resetMs: z.number().describe("Until all of the limit is back."),
    retryAfterMs: z.number().describe("Until the same call would pass; 0 when it passed."),
  })
  .meta({ id: "Rate", description: "Where a key stands against its rate limit." });

const facts = {
  keyId: z.string(),
  organizationId: z.string(),
  ownerKind: z.enum(["personal", "service"]),
  ownerUserId: z.string(),
  name: z.string(),
  env: z.enum(["live", "test"]),
  permissions: z.array(z.string()).describe("What it may do now."),
  expiresAt: z.number().int().nullable(),
  licenses: z.array(z.string()).describe("The names of the licenses that it holds and that are valid now."),
  metadata: metadataSchema.nullable().describe("What you stored with the key; null when nothing."),
};

/** The verdict on a key, told apart by `code`. */
export const verificationSchema = z
  .discriminatedUnion("code", [
    z.object({
      valid: z.literal(true),
      code: z.literal("VALID"),
      ...facts,
      rateLimit: rateSchema.nullable(),
      quota: quotaStateSchema.nullable(),
    }),
    z.object({
      valid: z.literal(false),
      code: z.enum(["REVOKED", "EXPIRED", "DISABLED", "NOT_YET_VALID", "INSUFFICIENT_PERMISSIONS"]),
      ...facts,
    }),
    z.object({
      valid: z.literal(false),
      code: z.literal("FORBIDDEN"),
      ...facts,
      reason: z
        .enum(["IP", "RESOURCE", "LICENSE"])
        .describe("IP: it may not be used from there. RESOURCE: not on that. LICENSE: it does not hold that one now."),
    }),
    z.object({
      valid: z.literal(false),
      code: z.literal("RATE_LIMITED"),
      ...facts,
      reason: z
        .enum(["KEY", "ORGANIZATION"])
        .describe("KEY: it has spent its own limit. ORGANIZATION: the organization's keys have spent theirs together."),
      rateLimit: rateSchema.describe("Where that limit stands."),
    }),
    z.object({ valid: z.literal(false), code: z.literal("USAGE_EXCEEDED"), ...facts, quota: quotaStateSchema }),
    z.object({
      valid: z.literal(false),
      code: z.literal("COST_TOO_HIGH").describe("The cost is above all of a limit: no wait helps."),
      ...facts,
      rateLimit: rateSchema.nullable(),
      quota: quotaStateSchema.nullable(),
    }),
    z.object({ valid: z.literal(false), code: z.literal("NOT_FOUND") }),
  ])
  .meta({ id: "Verification", description: "The verdict on a key. A key that is not good still says which it is." });

/** What becomes of a question in a batch that by itself is refused: nothing is known of the key yet. */
const postponedSchema = z
  .object({
    valid: z.literal(false),
    code: z.literal("RATE_LIMITED"),
    reason: z.literal("IMPORTED"),
    rateLimit: rateSchema.describe("When to ask again."),
  })
  .meta({
    id: "PostponedVerification",
    description:
      "No verdict yet. The text begins as an imported key does that was never used, and too many such texts are being compared with what was imported. Ask again after `retryAfterMs`.",
  });

/** What `keys.verifyBatch` answers. */
export const verificationsSchema = z.object({
  results: z
    .array(z.union([verificationSchema, postponedSchema]))
    .describe("A verdict per item, in the order of the items."),
});

/** What examples in the document show. */
export const EXAMPLE_VERIFICATION = {
  valid: true,
  code: "VALID",
  keyId: EXAMPLE_RECORD.id,
  organizationId: EXAMPLE_RECORD.organizationId,
  ownerKind: "service",
  ownerUserId: EXAMPLE_RECORD.ownerUserId,
  name: EXAMPLE_RECORD.name,
  env: "live",
  permissions: ["orders:*"],
  expiresAt: EXAMPLE_RECORD.expiresAt,
  licenses: ["pro"],
  metadata: { customer: "42" },
  rateLimit: null,
  quota: { limit: 10_000, remaining: 9_481, refillAt: 1_790_208_000_000 },
};
