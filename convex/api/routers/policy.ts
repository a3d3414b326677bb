import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { Policy } from "../../shared/policy.ts";
import {
  EXAMPLE_POLICY,
  EXAMPLE_PREVIEW,
  EXAMPLE_RETENTION,
  policyChangeSchema,
  policyPreviewInputSchema,
  policyPreviewSchema,
  policySchema,
  retentionInputSchema,
  retentionSchema,
} from "../policy.ts";
import type { PolicyPreview, Retention } from "../policy.ts";
import { previewPolicy } from "../policyPreview.ts";
import { callerProcedure, router } from "../trpc.ts";

export const policyRouter = router({
  get: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/policy",
      status: 200,
      tag: "Policy",
      summary: "Get the policy",
      description: "What the organization allows of its keys. Takes `policy:read`.",
      errors: [],
      example: { output: EXAMPLE_POLICY },
    })
    .input(z.strictObject({}).default({}))
    .output(policySchema)
    .query(async ({ ctx }): Promise<Policy> => {
      return await ctx.convex.runQuery(internal.policy.getForCaller, { caller: ctx.identified.caller });
    }),

  update: callerProcedure
    .meta({
      method: "PATCH",
      path: "/api/v1/policy",
      status: 200,
      tag: "Policy",
      summary: "Change the policy",
      description:
        "Changes what is named. It holds for existing keys from their very next use on; what it takes from them, a later change can give back. Takes `policy:update`.",
      errors: ["CONFLICT"],
      example: { input: { maxLifetimeMs: EXAMPLE_POLICY.maxLifetimeMs, version: 2 }, output: EXAMPLE_POLICY },
    })
    .input(policyChangeSchema)
    .output(policySchema)
    .mutation(async ({ ctx, input: { version, ...change } }): Promise<Policy> => {
      const { caller } = ctx.identified;
      return await ctx.convex.runMutation(internal.policy.update, { caller, change, version });
    }),

  preview: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/policy/preview",
      status: 200,
      tag: "Policy",
      summary: "Preview a changed policy",
      description:
        "Tells which keys a change would touch, without making it. Looks at 10,000 keys or so at once. Takes `policy:update` and `keys:read`.",
      errors: ["CONFLICT"],
      example: { input: { maxLifetimeMs: EXAMPLE_POLICY.maxLifetimeMs }, output: EXAMPLE_PREVIEW },
    })
    .input(policyPreviewInputSchema)
    .output(policyPreviewSchema)
    .mutation(async ({ ctx, input: { version, cursor = null, ...change } }): Promise<PolicyPreview> => {
      return await previewPolicy(ctx.convex, ctx.identified.caller, { change, version, cursor });
    }),

  retention: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/policy/retention",
      status: 200,
      tag: "Policy",
      summary: "Preview what is deleted next",
      description:
        "Dead keys and audit entries that the next daily sweep would delete, under the policy or under other times. Takes `policy:read` and `keys:read`.",
      errors: [],
      example: { output: EXAMPLE_RETENTION },
    })
    .input(retentionInputSchema.default({}))
    .output(retentionSchema)
    .query(async ({ ctx, input }): Promise<Retention> => {
      const { caller } = ctx.identified;
      return await ctx.convex.runQuery(internal.policy.previewDeletion, { caller, ...input, at: Date.now() });
    }),
});
