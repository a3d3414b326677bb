import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { Page } from "../../model/rights/definitions.ts";
import type { GroupMember } from "../../model/rights/groupMembers.ts";
import type { GroupView } from "../../model/rights/groups.ts";
import { idField, pageFields, pageInput, pageOf, toPageWish } from "../page.ts";
import { callerProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";

const groupSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    roles: z.array(z.string()).describe("Roles that everyone in it has, by name."),
    permissions: z.array(z.string()).describe("Permissions and composites that everyone in it holds."),
  })
  .meta({ id: "Group", description: "Members and service keys that share roles, permissions and licenses." });

const groupMemberSchema = z
  .object({
    id: z.string().describe("The id of the user or key."),
    type: z.enum(["user", "key"]),
    name: z.string().nullable().describe("Null once the user or key is gone."),
  })
  .meta({ id: "GroupMember", description: "Who is in a group." });

const description = z.string().optional();
const roles = z.array(z.string()).optional().describe("By name. Only those whose grants you hold.");
const permissions = z.array(z.string()).optional().describe("Only those that you hold.");
const groupId = idField.describe("The group's id.");
const byId = z.strictObject({ groupId });
const byMember = byId.extend({ memberId: idField.describe("The id of a member's user, or of a service key.") });

// The ids that the schema gives are those of the tables; here they are texts.
type Group = z.infer<typeof groupSchema>;

const EXAMPLE: Group = {
  id: "kg7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  name: "Night shift",
  description: "",
  roles: ["on-call"],
  permissions: ["orders:read"],
};
const EXAMPLE_MEMBER: GroupMember = { id: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f", type: "user", name: "Ada Lovelace" };

export const groupsRouter = router({
  list: callerProcedure
    .meta({
      ...onGroups("GET", "", "List groups"),
      description: "By name. Takes `groups:read`.",
      errors: [],
      example: { output: { items: [EXAMPLE], nextCursor: null } },
    })
    .input(pageInput.default({}))
    .output(pageOf(groupSchema))
    .query(async ({ ctx, input }): Promise<Page<GroupView>> => {
      const { caller } = ctx.identified;
      return await ctx.convex.runQuery(internal.groups.listForCaller, { caller, ...toPageWish(input) });
    }),

  create: callerProcedure
    .meta({
      ...onGroups("POST", "", "Make a group"),
      status: 201,
      description: "It gives no more than you hold. Takes `groups:manage`.",
      errors: ["NAME_TAKEN", "CONFLICT"],
      example: {
        input: { name: EXAMPLE.name, roles: EXAMPLE.roles, permissions: EXAMPLE.permissions },
        output: EXAMPLE,
      },
    })
    .input(z.strictObject({ name: z.string().describe("1 to 100 characters."), description, roles, permissions }))
    .output(groupSchema)
    .mutation(async ({ ctx, input }): Promise<GroupView> => {
      return await ctx.convex.runMutation(internal.groups.create, { caller: ctx.identified.caller, ...input });
    }),

  get: callerProcedure
    .meta({ ...onGroups("GET", "/{groupId}", "Get a group"), description: "Takes `groups:read`." })
    .input(byId)
    .output(groupSchema)
    .query(async ({ ctx, input }): Promise<GroupView> => {
      return await ctx.convex.runQuery(internal.groups.getForCaller, { caller: ctx.identified.caller, ...input });
    }),

  update: callerProcedure
    .meta({
      ...onGroups("PATCH", "/{groupId}", "Change a group"),
      description: "Everyone in it follows at the next use. You can only add what you hold. Takes `groups:manage`.",
      errors: ["NOT_FOUND", "NAME_TAKEN"],
      example: { input: { permissions: EXAMPLE.permissions }, output: EXAMPLE },
    })
    .input(byId.extend({ name: z.string().optional(), description, roles, permissions }))
    .output(groupSchema)
    .mutation(async ({ ctx, input }): Promise<GroupView> => {
      return await ctx.convex.runMutation(internal.groups.update, { caller: ctx.identified.caller, ...input });
    }),

  delete: callerProcedure
    .meta({
      ...onGroups("DELETE", "/{groupId}", "Delete a group"),
      status: 204,
      description: "Whoever is in it loses what it gave, at the next use. Takes `groups:manage`.",
      example: {},
    })
    .input(byId)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.groups.remove, { caller: ctx.identified.caller, ...input });
    }),

  members: callerProcedure
    .meta({
      ...onGroups("GET", "/{groupId}/members", "List who is in a group"),
      description: "In the order of ids. Takes `groups:read`.",
      example: { output: { items: [EXAMPLE_MEMBER], nextCursor: null } },
    })
    .input(byId.extend(pageFields))
    .output(pageOf(groupMemberSchema))
    .query(async ({ ctx, input: { groupId: id, ...page } }): Promise<Page<GroupMember>> => {
      const { caller } = ctx.identified;
      const wish = { groupId: id, ...toPageWish(page) };
      return await ctx.convex.runQuery(internal.groups.membersForCaller, { caller, ...wish });
    }),

  addMember: callerProcedure
    .meta({
      ...onGroups("PUT", "/{groupId}/members/{memberId}", "Put somebody into a group"),
      description:
        "A member, or a service key. Takes `groups:manage`, and holding everything that the group gives. Repeating it is harmless.",
      errors: ["NOT_FOUND", "CONFLICT"],
      example: { output: EXAMPLE_MEMBER },
    })
    .input(byMember)
    .output(groupMemberSchema)
    .mutation(async ({ ctx, input }): Promise<GroupMember> => {
      return await ctx.convex.runMutation(internal.groups.addMember, { caller: ctx.identified.caller, ...input });
    }),

  removeMember: callerProcedure
    .meta({
      ...onGroups("DELETE", "/{groupId}/members/{memberId}", "Take somebody out of a group"),
      status: 204,
      description: "What the group gave is gone at the next use. Takes `groups:manage`.",
      example: {},
    })
    .input(byMember)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.groups.removeMember, { caller: ctx.identified.caller, ...input });
    }),
});

function onGroups(method: OperationMeta["method"], path: string, summary: string): OperationMeta {
  return {
    method,
    path: `/api/v1/groups${path}`,
    status: 200,
    tag: "Groups",
    summary,
    description: "",
    errors: ["NOT_FOUND"],
    example: { output: EXAMPLE },
  };
}
