import * as z from "zod";
import { endLeaked } from "../../gateway/leakReport.ts";
import { noteFailure, requireCalm } from "../../gateway/failedCredentials.ts";
import { publicProcedure, router } from "../trpc.ts";

const reportedSchema = z
  .object({ received: z.literal(true) })
  .meta({ id: "LeakReceived", description: "The same for every text, whether it was a key or not." });

export const leaksRouter = router({
  report: publicProcedure
    .meta({
      method: "POST",
      path: "/api/v1/leaks",
      status: 200,
      tag: "Keys",
      summary: "Report a leaked key",
      description:
        "Whoever found a key where it should not be can end it by showing it: if it is a key of this Latchkey, it is revoked at once, and its organization sees why. The answer is the same for every text.",
      errors: ["RATE_LIMITED"],
      public: true,
      example: {
        input: { key: "lk_live_4fQ2x9LmZa_…", foundAt: "https://example.com/acme/app/blob/main/.env" },
        output: { received: true },
      },
    })
    .input(
      z.strictObject({
        key: z.string().min(1).max(4096).describe("The plaintext that you found."),
        foundAt: z.string().max(2048).optional().describe("Where you found it. The organization is told."),
      }),
    )
    .output(reportedSchema)
    .mutation(async ({ ctx, input }): Promise<{ received: true }> => {
      const { arrival } = ctx;
      // Every report counts as a try, so that texts cannot be tried out here.
      requireCalm(arrival.ip, null, Date.now());
      noteFailure(arrival.ip, Date.now());
      await endLeaked(ctx.convex, arrival, [input]);
      return { received: true };
    }),
});
