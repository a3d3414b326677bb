import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { OrganizationView } from "../../model/organizations/changes.ts";
import { callerProcedure, router } from "../trpc.ts";

const organizationSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    slug: z.string().describe("Names it in addresses and in the header `X-Organization-Id`."),
    keyPrefix: z.string().describe("What new keys begin with. Keys that are there keep their own."),
    createdAt: z.number().int().describe("Epoch milliseconds."),
  })
  .meta({ id: "Organization", description: "The organization of the caller." });

const EXAMPLE: z.infer<typeof organizationSchema> = {
  id: "k17c5r9t2w8x4z0b3m6n7p1q5s9v2y4d",
  name: "Analytical Engines",
  slug: "analytical-engines",
  keyPrefix: "lk",
  createdAt: 1_790_000_000_000,
};

export const organizationRouter = router({
  get: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/organization",
      status: 200,
      tag: "Organization",
      summary: "Get the organization",
      description: "The one that the call is about. Takes `organization:read`.",
      errors: [],
      example: { output: EXAMPLE },
    })
    .input(z.strictObject({}).optional())
    .output(organizationSchema)
    .query(async ({ ctx }): Promise<OrganizationView> => {
      return await ctx.convex.runQuery(internal.organizations.getForCaller, { caller: ctx.identified.caller });
    }),

  update: callerProcedure
    .meta({
      method: "PATCH",
      path: "/api/v1/organization",
      status: 200,
      tag: "Organization",
      summary: "Change the organization",
      description:
        "Its name, its slug, which changes addresses, or what new keys begin with. Takes `organization:update`.",
      errors: ["NAME_TAKEN"],
      example: { input: { name: EXAMPLE.name }, output: EXAMPLE },
    })
    .input(
      z.strictObject({
        name: z.string().optional().describe("1 to 100 characters."),
        slug: z.string().optional().describe("1 to 40 lower-case letters, digits and hyphens."),
        keyPrefix: z.string().optional().describe("2 to 16 lower-case letters and digits."),
      }),
    )
    .output(organizationSchema)
    .mutation(async ({ ctx, input }): Promise<OrganizationView> => {
      return await ctx.convex.runMutation(internal.organizations.update, { caller: ctx.identified.caller, ...input });
    }),
});
