import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { Page } from "../../model/rights/definitions.ts";
import type { LicenseHolder } from "../../model/rights/licenseHolders.ts";
import { SEATS_MAX } from "../../model/rights/licenses.ts";
import type { LicenseView } from "../../model/rights/licenses.ts";
import { idField, pageFields, pageInput, pageOf, toPageWish } from "../page.ts";
import { callerProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";

const moment = z.number().int();

const licenseSchema = z
  .object({
    id: z.string(),
    name: z.string().describe("What verify and whoami answer, and what the condition `license` names."),
    description: z.string(),
    seats: z.number().int().nullable().describe("How many keys and groups can hold it; null for any number."),
    validFrom: moment.nullable().describe("Epoch milliseconds; null from the start."),
    validUntil: moment.nullable().describe("Epoch milliseconds, from which on it is no longer valid; null for ever."),
  })
  .meta({ id: "License", description: "A named entitlement for keys and groups." });

const holderSchema = z
  .object({
    id: z.string().describe("The id of the key or group."),
    type: z.enum(["key", "group"]),
    name: z.string().nullable().describe("Null once the key or group is gone."),
  })
  .meta({ id: "LicenseHolder", description: "What a license is assigned to." });

const fields = {
  description: z.string().optional(),
  seats: z
    .number()
    .int()
    .nullable()
    .optional()
    .describe(`1 to ${SEATS_MAX}, each assignment takes one; null for any number.`),
  validFrom: moment.nullable().optional().describe("Epoch milliseconds; null from the start."),
  validUntil: moment.nullable().optional().describe("Epoch milliseconds; null for ever."),
};
const licenseId = idField.describe("The license's id.");
const byId = z.strictObject({ licenseId });
const byHolder = byId.extend({ holderId: idField.describe("The id of a key or group.") });

const EXAMPLE: z.infer<typeof licenseSchema> = {
  id: "kl7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  name: "premium",
  description: "",
  seats: 10,
  validFrom: null,
  validUntil: 1_792_592_000_000,
};
const EXAMPLE_HOLDER: LicenseHolder = {
  id: "kd7f2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  type: "key",
  name: "Billing worker",
};

export const licensesRouter = router({
  list: callerProcedure
    .meta({
      ...onLicenses("GET", "", "List licenses"),
      description: "By name. Takes `licenses:read`.",
      errors: [],
      example: { output: { items: [EXAMPLE], nextCursor: null } },
    })
    .input(pageInput.default({}))
    .output(pageOf(licenseSchema))
    .query(async ({ ctx, input }): Promise<Page<LicenseView>> => {
      const { caller } = ctx.identified;
      return await ctx.convex.runQuery(internal.licenses.listForCaller, { caller, ...toPageWish(input) });
    }),

  create: callerProcedure
    .meta({
      ...onLicenses("POST", "", "Define a license"),
      status: 201,
      description: "Takes `licenses:manage`.",
      errors: ["NAME_TAKEN", "CONFLICT"],
      example: { input: { name: EXAMPLE.name, seats: 10, validUntil: EXAMPLE.validUntil }, output: EXAMPLE },
    })
    .input(
      z.strictObject({
        name: z.string().max(128).describe("1 to 32 lower-case letters, digits and hyphens. It cannot be changed."),
        ...fields,
      }),
    )
    .output(licenseSchema)
    .mutation(async ({ ctx, input }): Promise<LicenseView> => {
      return await ctx.convex.runMutation(internal.licenses.create, { caller: ctx.identified.caller, ...input });
    }),

  get: callerProcedure
    .meta({ ...onLicenses("GET", "/{licenseId}", "Get a license"), description: "Takes `licenses:read`." })
    .input(byId)
    .output(licenseSchema)
    .query(async ({ ctx, input }): Promise<LicenseView> => {
      return await ctx.convex.runQuery(internal.licenses.getForCaller, { caller: ctx.identified.caller, ...input });
    }),

  update: callerProcedure
    .meta({
      ...onLicenses("PATCH", "/{licenseId}", "Change a license"),
      description: "Holds for all its holders from the next use on. Takes `licenses:manage`.",
      errors: ["NOT_FOUND", "CONFLICT"],
      example: { input: { seats: 10 }, output: EXAMPLE },
    })
    .input(byId.extend(fields))
    .output(licenseSchema)
    .mutation(async ({ ctx, input }): Promise<LicenseView> => {
      return await ctx.convex.runMutation(internal.licenses.update, { caller: ctx.identified.caller, ...input });
    }),

  delete: callerProcedure
    .meta({
      ...onLicenses("DELETE", "/{licenseId}", "Delete a license"),
      status: 204,
      description: "Nobody holds it from the next use on. Takes `licenses:manage`.",
      example: {},
    })
    .input(byId)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.licenses.remove, { caller: ctx.identified.caller, ...input });
    }),

  holders: callerProcedure
    .meta({
      ...onLicenses("GET", "/{licenseId}/holders", "List who holds a license"),
      description: "In the order of ids. Takes `licenses:read`.",
      example: { output: { items: [EXAMPLE_HOLDER], nextCursor: null } },
    })
    .input(byId.extend(pageFields))
    .output(pageOf(holderSchema))
    .query(async ({ ctx, input: { licenseId: id, ...page } }): Promise<Page<LicenseHolder>> => {
      const { caller } = ctx.identified;
      const wish = { licenseId: id, ...toPageWish(page) };
      return await ctx.convex.runQuery(internal.licenses.holdersForCaller, { caller, ...wish });
    }),

  assign: callerProcedure
    .meta({
      ...onLicenses("PUT", "/{licenseId}/holders/{holderId}", "Assign a license"),
      description:
        "To a key or a group, which takes one seat; of two at once that want the last one, one gets CONFLICT. A dead key keeps its seat until it is unassigned or deleted. Takes `licenses:manage`. Repeating it is harmless.",
      errors: ["NOT_FOUND", "CONFLICT"],
      example: { output: EXAMPLE_HOLDER },
    })
    .input(byHolder)
    .output(holderSchema)
    .mutation(async ({ ctx, input }): Promise<LicenseHolder> => {
      return await ctx.convex.runMutation(internal.licenses.assign, { caller: ctx.identified.caller, ...input });
    }),

  unassign: callerProcedure
    .meta({
      ...onLicenses("DELETE", "/{licenseId}/holders/{holderId}", "Unassign a license"),
      status: 204,
      description: "Its seat is free at once. Takes `licenses:manage`.",
      example: {},
    })
    .input(byHolder)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.licenses.unassign, { caller: ctx.identified.caller, ...input });
    }),
});

function onLicenses(method: OperationMeta["method"], path: string, summary: string): OperationMeta {
  return {
    method,
    path: `/api/v1/licenses${path}`,
    status: 200,
    tag: "Licenses",
    summary,
    description: "",
    errors: ["NOT_FOUND"],
    example: { output: EXAMPLE },
  };
}
