import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { InvitationOffer, Joined } from "../../model/organizations/invitations.ts";
import type { InvitationView } from "../../model/organizations/openInvitations.ts";
import { INVITATIONS_MAX, INVITATION_SECRET_LENGTH, generateInvitationSecret } from "../../shared/invitations.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import type { Arrival } from "../context.ts";
import { idField, pageOf } from "../page.ts";
import { callerProcedure, personProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";

const invitationSchema = z
  .object({
    id: z.string(),
    email: z.string(),
    roles: z.array(z.string()).describe("By name, what the invited will have."),
    inviterUserId: z.string(),
    inviterName: z.string(),
    createdAt: z.number().int().describe("Epoch milliseconds."),
    expiresAt: z.number().int().describe("Epoch milliseconds."),
  })
  .meta({ id: "Invitation", description: "Somebody who may become a member." });

const createdSchema = invitationSchema
  .extend({
    secret: z
      .string()
      .describe("What the invited accepts by. This answer is the only one that ever holds it: hand it on now."),
  })
  .meta({ id: "CreatedInvitation", description: "An invitation with its secret." });
type Created = z.infer<typeof createdSchema>;

const offerSchema = z
  .object({
    organizationId: z.string(),
    organizationName: z.string(),
    email: z.string().describe("The address with which it can be accepted."),
    roles: z.array(z.string()),
    inviterName: z.string(),
    expiresAt: z.number().int().describe("Epoch milliseconds."),
  })
  .meta({ id: "InvitationOffer", description: "What an invitation invites to." });

const joinedSchema = z
  .object({
    organizationId: z.string(),
    organizationName: z.string(),
    slug: z.string(),
    roles: z.array(z.string()),
  })
  .meta({ id: "Joined", description: "The organization that you are a member of now." });

// In the body and nowhere else: addresses end up in logs.
const bySecret = z.strictObject({
  secret: z.string().min(1).max(INVITATION_SECRET_LENGTH).describe("What whoever invited you has handed on."),
});

const EXAMPLE: InvitationExample = {
  id: "kj7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  email: "grace@example.com",
  roles: ["developer", "on-call"],
  inviterUserId: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f",
  inviterName: "Ada Lovelace",
  createdAt: 1_790_000_000_000,
  expiresAt: 1_790_604_800_000,
};
type InvitationExample = z.infer<typeof invitationSchema>;

const OFFER = {
  organizationId: "k17c5r9t2w8x4z0b3m6n7p1q5s9v2y4d",
  organizationName: "Analytical Engines",
  roles: EXAMPLE.roles,
};

export const invitationsRouter = router({
  list: callerProcedure
    .meta({
      ...onInvitations("GET", "", "List open invitations"),
      description: `In the order of addresses; at most ${INVITATIONS_MAX} are open at a time, so this is all of them. Takes \`members:read\`.`,
      example: { output: { items: [EXAMPLE], nextCursor: null } },
    })
    .input(z.strictObject({}).optional())
    .output(pageOf(invitationSchema))
    .query(async ({ ctx }): Promise<{ items: InvitationView[]; nextCursor: null }> => {
      const { caller } = ctx.identified;
      const items = await ctx.convex.runQuery(internal.invitations.listForCaller, { caller, at: Date.now() });
      return { items, nextCursor: null };
    }),

  create: callerProcedure
    .meta({
      ...onInvitations("POST", "", "Invite a member"),
      status: 201,
      description:
        "Answers a secret once. No mail is sent: hand it to the invited, who signs up with that address and accepts. It replaces an open invitation for the same address. You can only give roles whose grants you hold, and only an owner in person invites an owner. Takes `members:manage`.",
      errors: ["CONFLICT"],
      example: {
        input: { email: EXAMPLE.email, roles: EXAMPLE.roles },
        output: { ...EXAMPLE, secret: "invite_7Hq2…" },
      },
    })
    .input(
      z.strictObject({
        email: z.string().describe("Of whoever shall join."),
        roles: z.array(z.string()).describe("All that the member shall have, by name."),
        expiresAt: z
          .number()
          .int()
          .optional()
          .describe("Epoch milliseconds, at most 30 days ahead; in a week unless told."),
      }),
    )
    .output(createdSchema)
    .mutation(async ({ ctx, input }): Promise<Created> => {
      const { caller } = ctx.identified;
      const secret = generateInvitationSecret();
      const secretHash = sha256Hex(secret);
      return {
        ...(await ctx.convex.runMutation(internal.invitations.create, { caller, ...input, secretHash })),
        secret,
      };
    }),

  delete: callerProcedure
    .meta({
      ...onInvitations("DELETE", "/{invitationId}", "Cancel an invitation"),
      status: 204,
      description: "Its secret is good for nothing from then on. Takes `members:manage`.",
      errors: ["NOT_FOUND"],
      example: {},
    })
    .input(z.strictObject({ invitationId: idField.describe("The invitation's id.") }))
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.invitations.cancel, { caller: ctx.identified.caller, ...input });
    }),

  preview: personProcedure
    .meta({
      ...onInvitations("POST", "/preview", "Look at an invitation"),
      description: "Says what a secret invites to. For people, by their session; it takes no permission.",
      errors: ["NOT_FOUND"],
      person: true,
      example: {
        input: { secret: "invite_7Hq2…" },
        output: { ...OFFER, email: EXAMPLE.email, inviterName: EXAMPLE.inviterName, expiresAt: EXAMPLE.expiresAt },
      },
    })
    .input(bySecret)
    .output(offerSchema)
    .mutation(async ({ ctx, input: { secret } }): Promise<InvitationOffer> => {
      const secretHash = sha256Hex(secret);
      return await ctx.convex.runQuery(internal.invitations.offer, { secretHash, at: Date.now() });
    }),

  accept: personProcedure
    .meta({
      ...onInvitations("POST", "/accept", "Accept an invitation"),
      description:
        "Makes you a member, once. You have to be signed in with the invited address, and whoever invited you must still be allowed to. For people, by their session; it takes no permission.",
      errors: ["NOT_FOUND", "CONFLICT"],
      person: true,
      example: { input: { secret: "invite_7Hq2…" }, output: { ...OFFER, slug: "analytical-engines" } },
    })
    .input(bySecret)
    .output(joinedSchema)
    .mutation(async ({ ctx, input: { secret } }): Promise<Joined> => {
      const secretHash = sha256Hex(secret);
      const request = toRequest(ctx.arrival);
      return await ctx.convex.runMutation(internal.invitations.accept, { userId: ctx.userId, secretHash, request });
    }),
});

function toRequest({ traceId, ip, agent }: Arrival): { id: string; ip?: string; agent?: string } {
  return { id: traceId, ...(ip !== null && { ip }), ...(agent !== null && { agent }) };
}

function onInvitations(method: OperationMeta["method"], path: string, summary: string): OperationMeta {
  return {
    method,
    path: `/api/v1/invitations${path}`,
    status: 200,
    tag: "Members",
    summary,
    description: "",
    errors: [],
    example: {},
  };
}
