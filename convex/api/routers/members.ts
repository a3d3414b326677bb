import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { Page } from "../../model/rights/definitions.ts";
import type { MemberView } from "../../model/organizations/memberships.ts";
import { idField, pageInput, pageOf, toPageWish } from "../page.ts";
import { callerProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";

const memberSchema = z
  .object({
    id: z.string().describe("The id of the user, in every operation."),
    name: z.string(),
    email: z.string(),
    roles: z.array(z.string()).describe("By name. Those of a suspended member are what it gets back."),
    suspended: z.boolean().describe("A suspended member may do nothing, and its personal keys stand still."),
    joinedAt: z.number().int().describe("Epoch milliseconds."),
  })
  .meta({ id: "Member", description: "A user in this organization." });

const memberId = idField.describe("The id of the member's user.");
const byId = z.strictObject({ memberId });

const EXAMPLE: z.infer<typeof memberSchema> = {
  id: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f",
  name: "Ada Lovelace",
  email: "ada@example.com",
  roles: ["developer", "on-call"],
  suspended: false,
  joinedAt: 1_790_000_000_000,
};

export const membersRouter = router({
  list: callerProcedure
    .meta({
      ...onMembers("GET", "", "List members"),
      description: "In the order of ids. Takes `members:read`.",
      errors: [],
      example: { output: { items: [EXAMPLE], nextCursor: null } },
    })
    .input(pageInput.default({}))
    .output(pageOf(memberSchema))
    .query(async ({ ctx, input }): Promise<Page<MemberView>> => {
      const { caller } = ctx.identified;
      return await ctx.convex.runQuery(internal.members.listForCaller, { caller, ...toPageWish(input) });
    }),

  get: callerProcedure
    .meta({ ...onMembers("GET", "/{memberId}", "Get a member"), description: "Takes `members:read`." })
    .input(byId)
    .output(memberSchema)
    .query(async ({ ctx, input }): Promise<MemberView> => {
      return await ctx.convex.runQuery(internal.members.getForCaller, { caller: ctx.identified.caller, ...input });
    }),

  update: callerProcedure
    .meta({
      ...onMembers("PATCH", "/{memberId}", "Change a member's roles"),
      description:
        "You can only add roles whose grants you hold. Only an owner in person makes or unmakes an owner, and the last one stays. Takes `members:manage`.",
      errors: ["NOT_FOUND", "CONFLICT"],
      example: { input: { roles: EXAMPLE.roles }, output: EXAMPLE },
    })
    .input(byId.extend({ roles: z.array(z.string()).describe("All that the member shall have, by name.") }))
    .output(memberSchema)
    .mutation(async ({ ctx, input }): Promise<MemberView> => {
      return await ctx.convex.runMutation(internal.members.update, { caller: ctx.identified.caller, ...input });
    }),

  suspend: callerProcedure
    .meta({
      ...onMembers("POST", "/{memberId}/suspend", "Suspend a member"),
      description:
        "Takes all rights from it until the suspension ends; its personal keys stop at once. Repeating it is harmless. Takes `members:manage`.",
      errors: ["NOT_FOUND", "CONFLICT"],
      example: { output: { ...EXAMPLE, suspended: true } },
    })
    .input(byId)
    .output(memberSchema)
    .mutation(async ({ ctx, input }): Promise<MemberView> => {
      return await ctx.convex.runMutation(internal.members.suspend, { caller: ctx.identified.caller, ...input });
    }),

  unsuspend: callerProcedure
    .meta({
      ...onMembers("POST", "/{memberId}/unsuspend", "End a suspension"),
      description: "Gives back the roles that the member had; you have to hold them. Takes `members:manage`.",
    })
    .input(byId)
    .output(memberSchema)
    .mutation(async ({ ctx, input }): Promise<MemberView> => {
      return await ctx.convex.runMutation(internal.members.unsuspend, { caller: ctx.identified.caller, ...input });
    }),

  delete: callerProcedure
    .meta({
      ...onMembers("DELETE", "/{memberId}", "Remove a member"),
      status: 204,
      description:
        "Its groups forget it and its personal keys stop. Takes `members:manage`; anybody may leave by session. The last owner stays.",
      errors: ["NOT_FOUND", "CONFLICT"],
      example: {},
    })
    .input(byId)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.members.remove, { caller: ctx.identified.caller, ...input });
    }),
});

function onMembers(method: OperationMeta["method"], path: string, summary: string): OperationMeta {
  return {
    method,
    path: `/api/v1/members${path}`,
    status: 200,
    tag: "Members",
    summary,
    description: "",
    errors: ["NOT_FOUND"],
    example: { output: EXAMPLE },
  };
}
