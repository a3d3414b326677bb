import * as z from "zod";
import { internal } from "../../_generated/api.js";
import { idField, pageOf } from "../page.ts";
import { personProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";

const moment = z.number().int();

const sessionSchema = z
  .object({
    id: z.string(),
    current: z.boolean().describe("Whether it is the one of this very request."),
    createdAt: moment.describe("Epoch milliseconds."),
    expiresAt: moment.describe("Epoch milliseconds."),
    ip: z.string().nullable().describe("From where you signed in."),
    agent: z.string().nullable().describe("With what you signed in."),
  })
  .meta({ id: "Session", description: "One place where you are signed in." });
type Session = z.infer<typeof sessionSchema>;

const EXAMPLE: Session = {
  id: "ks7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  current: true,
  createdAt: 1_790_000_000_000,
  expiresAt: 1_790_604_800_000,
  ip: "192.0.2.7",
  agent: "Mozilla/5.0",
};

export const sessionsRouter = router({
  list: personProcedure
    .meta({
      ...onSessions("GET", "", "List your sessions"),
      description:
        "Where you are signed in, newest first, the latest 200. For people, by their session; it takes no permission.",
      example: { output: { items: [EXAMPLE], nextCursor: null } },
    })
    .input(z.strictObject({}).optional())
    .output(pageOf(sessionSchema))
    .query(async ({ ctx }): Promise<{ items: Session[]; nextCursor: null }> => {
      const { userId, sessionId: own } = ctx;
      const sessions = await ctx.convex.runQuery(internal.sessions.listOwn, { userId, at: Date.now() });
      const items = sessions.map(({ sessionId: id, createdAt, expiresAt, ip, agent }) => {
        return { id, current: id === own, createdAt, expiresAt, ip, agent };
      });
      return { items, nextCursor: null };
    }),

  delete: personProcedure
    .meta({
      ...onSessions("DELETE", "/{sessionId}", "End one of your sessions"),
      status: 204,
      description: "Whoever is signed in there is signed out. For people, by their session; it takes no permission.",
      errors: ["NOT_FOUND"],
    })
    .input(z.strictObject({ sessionId: idField.describe("The session's id.") }))
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.sessions.end, { userId: ctx.userId, ...input });
    }),

  endOthers: personProcedure
    .meta({
      ...onSessions("POST", "/end-others", "End all your other sessions"),
      description: "You stay signed in where you call from, and nowhere else. For people, by their session.",
      example: { output: { ended: 2 } },
    })
    .input(z.strictObject({}).optional())
    .output(z.object({ ended: z.number().int().describe("How many there were.") }))
    .mutation(async ({ ctx }): Promise<{ ended: number }> => {
      const { userId, sessionId: except } = ctx;
      let ended = 0;
      for (;;) {
        const batch = await ctx.convex.runMutation(internal.sessions.endOthers, { userId, except });
        ended += batch.ended;
        if (!batch.more) return { ended };
      }
    }),
});

function onSessions(method: OperationMeta["method"], path: string, summary: string): OperationMeta {
  return {
    method,
    path: `/api/v1/me/sessions${path}`,
    status: 200,
    tag: "Callers",
    summary,
    description: "",
    errors: [],
    person: true,
    example: {},
  };
}
