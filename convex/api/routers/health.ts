import * as z from "zod";
import { internal } from "../../_generated/api.js";
import { publicProcedure } from "../trpc.ts";

export const health = publicProcedure
  .meta({
    method: "GET",
    path: "/api/health",
    status: 200,
    tag: "System",
    summary: "Whether Latchkey can serve",
    description: "Answers once functions run and the database can be read.",
    errors: ["UNAVAILABLE"],
    public: true,
    example: { output: { status: "ok" } },
  })
  .input(z.strictObject({}).optional())
  .output(z.object({ status: z.literal("ok") }))
  .query(async ({ ctx }): Promise<{ status: "ok" }> => {
    // A lookup that finds nothing still goes all the way to the index.
    await ctx.convex.runQuery(internal.verification.byHash, { hash: "" });
    return { status: "ok" };
  });
