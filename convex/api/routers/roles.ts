import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { Page } from "../../model/rights/definitions.ts";
import type { RoleView } from "../../model/rights/roles.ts";
import { idField, pageInput, pageOf, toPageWish } from "../page.ts";
import { callerProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";

const grantSchema = z
  .strictObject({
    permission: z
      .string()
      .describe("A permission, a wildcard, a composite, or `*:*` and `*:action` for all of your own API."),
    scope: z.enum(["any", "own"]).describe("`own`: only on the holder's own personal keys."),
  })
  .meta({ id: "Grant", description: "One thing that a role gives." });

const roleSchema = z
  .object({
    id: z.string().describe("Names it in every operation. Roles that every organization has carry their name as id."),
    name: z.string(),
    description: z.string(),
    grants: z.array(grantSchema),
    builtIn: z.boolean().describe("Whether every organization has it. Nobody can change those."),
  })
  .meta({ id: "Role", description: "A named set of grants, for members, groups and service keys." });

const description = z.string().optional();
const grants = z.array(grantSchema).describe("Only what you hold yourself, as far as you hold it.");
const roleId = idField.describe("The role's id, or its name.");
const byId = z.strictObject({ roleId });

const EXAMPLE: RoleView = {
  id: "kr7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  name: "on-call",
  description: "Ends keys at night",
  grants: [
    { permission: "keys:read", scope: "any" },
    { permission: "keys:revoke", scope: "any" },
  ],
  builtIn: false,
};

export const rolesRouter = router({
  list: callerProcedure
    .meta({
      ...onRoles("GET", "", "List roles"),
      description: "Those that every organization has first, then its own by name. Takes `roles:read`.",
      errors: [],
      example: { output: { items: [EXAMPLE], nextCursor: null } },
    })
    .input(pageInput.default({}))
    .output(pageOf(roleSchema))
    .query(async ({ ctx, input }): Promise<Page<RoleView>> => {
      const { caller } = ctx.identified;
      return await ctx.convex.runQuery(internal.roles.listForCaller, { caller, ...toPageWish(input) });
    }),

  create: callerProcedure
    .meta({
      ...onRoles("POST", "", "Define a role"),
      status: 201,
      description: "Members, groups and service keys can then be given it by name. Takes `roles:manage`.",
      errors: ["NAME_TAKEN", "CONFLICT"],
      example: {
        input: { name: EXAMPLE.name, description: EXAMPLE.description, grants: EXAMPLE.grants },
        output: EXAMPLE,
      },
    })
    .input(
      z.strictObject({
        name: z.string().max(128).describe("1 to 32 lower-case letters, digits and hyphens. It cannot be changed."),
        description,
        grants,
      }),
    )
    .output(roleSchema)
    .mutation(async ({ ctx, input }): Promise<RoleView> => {
      return await ctx.convex.runMutation(internal.roles.create, { caller: ctx.identified.caller, ...input });
    }),

  get: callerProcedure
    .meta({ ...onRoles("GET", "/{roleId}", "Get a role"), description: "Takes `roles:read`." })
    .input(byId)
    .output(roleSchema)
    .query(async ({ ctx, input }): Promise<RoleView> => {
      return await ctx.convex.runQuery(internal.roles.getForCaller, { caller: ctx.identified.caller, ...input });
    }),

  update: callerProcedure
    .meta({
      ...onRoles("PATCH", "/{roleId}", "Change a role"),
      description:
        "Its description or what it grants: whoever has it follows at the next use. You can only add what you hold. Takes `roles:manage`.",
      example: { input: { grants: EXAMPLE.grants }, output: EXAMPLE },
    })
    .input(byId.extend({ description, grants: grants.optional() }))
    .output(roleSchema)
    .mutation(async ({ ctx, input }): Promise<RoleView> => {
      return await ctx.convex.runMutation(internal.roles.update, { caller: ctx.identified.caller, ...input });
    }),

  delete: callerProcedure
    .meta({
      ...onRoles("DELETE", "/{roleId}", "Delete a role"),
      status: 204,
      description:
        "Members, groups and keys that still name it get nothing from it, from the next use on. Defining the name again gives it to them again. Takes `roles:manage`.",
      example: {},
    })
    .input(byId)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.roles.remove, { caller: ctx.identified.caller, ...input });
    }),
});

function onRoles(method: OperationMeta["method"], path: string, summary: string): OperationMeta {
  return {
    method,
    path: `/api/v1/roles${path}`,
    status: 200,
    tag: "Roles",
    summary,
    description: "",
    errors: ["NOT_FOUND"],
    example: { output: EXAMPLE },
  };
}
