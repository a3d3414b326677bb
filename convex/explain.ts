import { v } from "convex/values";
import type { Infer } from "convex/values";
import { callerQuery } from "./functions.ts";
import { RULES, explainKey, explainPerson } from "./model/rights/explain.ts";
import { requireKey } from "./model/keys/rights.ts";
import { vResourcePermissions } from "./model/validators.ts";
import { readQuestion } from "./model/verification/verifyQuestion.ts";
import { latchkeyError } from "./shared/errors.ts";

const vQuestion = v.object({
  permission: v.optional(v.string()),
  resource: v.optional(v.string()),
  ip: v.optional(v.string()),
  license: v.optional(v.string()),
});

const vRule = v.union(...RULES.map((rule) => v.literal(rule)));

export const vExplanation = v.object({
  passes: v.boolean(),
  decidedBy: v.union(vRule, v.null()),
  rules: v.array(v.object({ rule: vRule, passes: v.boolean(), asked: v.boolean(), detail: v.string() })),
  permissions: v.array(
    v.object({
      permission: v.string(),
      held: v.boolean(),
      givenBy: v.array(v.string()),
      limitedBy: v.union(v.string(), v.null()),
    }),
  ),
  rights: v.object({
    permissions: v.array(v.string()),
    resourcePermissions: vResourcePermissions,
    licenses: v.array(v.string()),
    roles: v.array(v.string()),
    groups: v.array(v.object({ id: v.string(), name: v.string() })),
  }),
});

/**
 * What would become of a call, and why. Without `keyId` it is about the caller itself, which may always ask; any
 * other key takes `keys:read`. `at` is the gateway's clock.
 */
export const forCaller = callerQuery({
  args: { keyId: v.union(v.string(), v.null()), question: vQuestion, at: v.number() },
  returns: vExplanation,
  handler: async (ctx, { keyId, question, at }) => {
    const asked = readAsked(question);
    const { caller } = ctx;
    if (keyId !== null) return await explainKey(ctx, await requireKey(ctx, caller, keyId, "read"), asked, at);
    if (caller.key === null) return await explainPerson(ctx, caller, asked);
    // A token of the key may do less than the key.
    const { record, permissions, resourcePermissions } = caller.key;
    return await explainKey(ctx, record, asked, at, { permissions, resourcePermissions });
  },
});

function readAsked(input: Infer<typeof vQuestion>) {
  const { question, fields } = readQuestion({ key: "", ...input });
  if (fields.length > 0) throw latchkeyError("INVALID_INPUT", "This question cannot be understood.", fields);
  return question;
}
