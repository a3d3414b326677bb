import * as z from "zod";
import { internal } from "../../_generated/api.js";
import { RULES } from "../../model/rights/explain.ts";
import type { Explanation } from "../../model/rights/explain.ts";
import { EXPRESSION_MAX_LENGTH } from "../../shared/permissionExpression.ts";
import { resourcePermissionsSchema } from "../keyRecord.ts";
import { callerProcedure } from "../trpc.ts";

const question = {
  permission: z
    .string()
    .max(EXPRESSION_MAX_LENGTH)
    .optional()
    .describe("What the call needs: `orders:read`, or an expression with AND, OR and parentheses."),
  resource: z.string().optional().describe("What it touches, as `type:id`."),
  ip: z.string().optional().describe("From where it comes."),
  license: z.string().optional().describe("The name of a license that it needs."),
};

const ruleName = z.enum(RULES);

const explanationSchema = z
  .object({
    passes: z.boolean(),
    decidedBy: ruleName.nullable().describe("The first rule that refuses; null when none does."),
    rules: z
      .array(
        z.object({
          rule: ruleName,
          passes: z.boolean(),
          asked: z.boolean().describe("False when neither the key nor the question gave it anything to decide."),
          detail: z.string(),
        }),
      )
      .describe("In the order in which they are asked. Limits are left out: asking would spend them."),
    permissions: z
      .array(
        z.object({
          permission: z.string(),
          held: z.boolean(),
          givenBy: z.array(z.string()).describe("What gives it: permissions, composites, roles, groups."),
          limitedBy: z.string().nullable().describe("What takes it away again, or narrows it."),
        }),
      )
      .describe("Each permission that the question names."),
    rights: z
      .object({
        permissions: z.array(z.string()).describe("What it may do now, composites, roles and groups resolved."),
        resourcePermissions: resourcePermissionsSchema.describe("What it may do on single resources besides."),
        licenses: z.array(z.string()).describe("By name, those that are valid now."),
        roles: z.array(z.string()),
        groups: z.array(z.object({ id: z.string(), name: z.string() })).describe("A personal key is in its owner's."),
      })
      .describe("All of them, whatever the question is."),
  })
  .meta({ id: "Explanation", description: "Whether a call would pass, and why." });

const EXAMPLE: Explanation = {
  passes: false,
  decidedBy: "permission",
  rules: [
    { rule: "status", passes: true, asked: true, detail: "It is good." },
    { rule: "address", passes: true, asked: false, detail: "May be used from anywhere." },
    { rule: "resource", passes: true, asked: true, detail: "May touch: project:*." },
    { rule: "license", passes: true, asked: false, detail: "Holds the licenses: nothing." },
    { rule: "permission", passes: false, asked: true, detail: "May do: orders:read." },
  ],
  permissions: [
    {
      permission: "orders:refund",
      held: false,
      givenBy: ["its permission orders:*"],
      limitedBy: "Its owner does not hold it now.",
    },
  ],
  rights: {
    permissions: ["orders:read"],
    resourcePermissions: [],
    licenses: ["pro"],
    roles: [],
    groups: [{ id: "kg7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y", name: "Night shift" }],
  },
};

const meta = {
  method: "POST",
  status: 200,
  summary: "Explain what a key may do",
  errors: [],
  example: { input: { permission: "orders:refund", resource: "project:42" }, output: EXAMPLE },
} as const;

/** `POST /api/v1/keys/{keyId}/explain`. */
export const explainKey = callerProcedure
  .meta({
    ...meta,
    path: "/api/v1/keys/{keyId}/explain",
    tag: "Keys",
    description:
      "Says whether a call with this key would pass right now, which rule decides, and where each permission comes from. It spends nothing and is no use of the key. Takes `keys:read`.",
    errors: ["NOT_FOUND"],
  })
  .input(z.strictObject({ keyId: z.string().min(1).max(64), ...question }))
  .output(explanationSchema)
  .mutation(async ({ ctx, input: { keyId, ...asked } }): Promise<Explanation> => {
    const { caller } = ctx.identified;
    return await ctx.convex.runQuery(internal.explain.forCaller, { caller, keyId, question: asked, at: Date.now() });
  });

/** `POST /api/v1/whoami/explain`. */
export const explainCaller = callerProcedure
  .meta({
    ...meta,
    path: "/api/v1/whoami/explain",
    tag: "Callers",
    summary: "Explain what you may do",
    description: "The same about the credential of this very request. It takes no permission.",
  })
  .input(z.strictObject(question))
  .output(explanationSchema)
  .mutation(async ({ ctx, input }): Promise<Explanation> => {
    const { caller } = ctx.identified;
    return await ctx.convex.runQuery(internal.explain.forCaller, {
      caller,
      keyId: null,
      question: input,
      at: Date.now(),
    });
  });
