import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { PermissionView } from "../../model/rights/catalogue.ts";
import type { Page } from "../../model/rights/definitions.ts";
import { idField, pageInput, pageOf, toPageWish } from "../page.ts";
import { callerProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";

const permissionSchema = z
  .object({
    id: z.string().describe("Names it in every operation. Latchkey's own have their name as id."),
    name: z.string().describe("`resource:action`, or a name without a colon for a composite."),
    description: z.string(),
    includes: z.array(z.string()).nullable().describe("What a composite stands for; null for a single permission."),
    builtIn: z.boolean().describe("Whether it is Latchkey's own, which nobody can change."),
  })
  .meta({ id: "Permission", description: "What a key, role or group can carry." });

const description = z.string().optional();
const includes = z
  .array(z.string())
  .optional()
  .describe("Makes it a composite: single permissions that exist, wildcards among them, and no composites.");
const permissionId = idField.describe("The permission's id, or its name.");
const byId = z.strictObject({ permissionId });

const EXAMPLE: PermissionView = {
  id: "kp7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  name: "billing",
  description: "Everything that the billing worker does",
  includes: ["orders:read", "invoices:*"],
  builtIn: false,
};

export const permissionsRouter = router({
  list: callerProcedure
    .meta({
      ...onPermissions("GET", "", "List permissions"),
      description: "Latchkey's own first, then the organization's by name. Takes `permissions:read`.",
      errors: [],
      example: { output: { items: [EXAMPLE], nextCursor: null } },
    })
    .input(pageInput.default({}))
    .output(pageOf(permissionSchema))
    .query(async ({ ctx, input }): Promise<Page<PermissionView>> => {
      const { caller } = ctx.identified;
      return await ctx.convex.runQuery(internal.permissions.listForCaller, { caller, ...toPageWish(input) });
    }),

  create: callerProcedure
    .meta({
      ...onPermissions("POST", "", "Define a permission"),
      status: 201,
      description:
        "Defines a permission for your own API or, with `includes`, a composite. Once one is defined, keys can only be given those that are. A composite includes only what you hold. Takes `permissions:manage`.",
      errors: ["NAME_TAKEN", "CONFLICT"],
      example: {
        input: { name: EXAMPLE.name, description: EXAMPLE.description, includes: EXAMPLE.includes },
        output: EXAMPLE,
      },
    })
    .input(z.strictObject({ name: z.string().max(128), description, includes }))
    .output(permissionSchema)
    .mutation(async ({ ctx, input }): Promise<PermissionView> => {
      return await ctx.convex.runMutation(internal.permissions.create, { caller: ctx.identified.caller, ...input });
    }),

  get: callerProcedure
    .meta({ ...onPermissions("GET", "/{permissionId}", "Get a permission"), description: "Takes `permissions:read`." })
    .input(byId)
    .output(permissionSchema)
    .query(async ({ ctx, input }): Promise<PermissionView> => {
      return await ctx.convex.runQuery(internal.permissions.getForCaller, { caller: ctx.identified.caller, ...input });
    }),

  update: callerProcedure
    .meta({
      ...onPermissions("PATCH", "/{permissionId}", "Change a permission"),
      description:
        "Its description, or what a composite includes: every key that carries it follows at its next use. You can only add what you hold. Takes `permissions:manage`.",
      example: { input: { includes: EXAMPLE.includes }, output: EXAMPLE },
    })
    .input(byId.extend({ description, includes }))
    .output(permissionSchema)
    .mutation(async ({ ctx, input }): Promise<PermissionView> => {
      return await ctx.convex.runMutation(internal.permissions.update, { caller: ctx.identified.caller, ...input });
    }),

  delete: callerProcedure
    .meta({
      ...onPermissions("DELETE", "/{permissionId}", "Delete a permission"),
      status: 204,
      description:
        "Whoever carries it holds it no more, from the next use on; a wildcard still covers it. Defining the name again gives it back. Takes `permissions:manage`.",
      errors: ["NOT_FOUND", "CONFLICT"],
      example: {},
    })
    .input(byId)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.permissions.remove, { caller: ctx.identified.caller, ...input });
    }),
});

function onPermissions(method: OperationMeta["method"], path: string, summary: string): OperationMeta {
  return {
    method,
    path: `/api/v1/permissions${path}`,
    status: 200,
    tag: "Permissions",
    summary,
    description: "",
    errors: ["NOT_FOUND"],
    example: { output: EXAMPLE },
  };
}
