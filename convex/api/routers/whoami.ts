import * as z from "zod";
import { quotaStateSchema } from "../keyRecord.ts";
import { callerProcedure } from "../trpc.ts";
import { rateSchema } from "../verification.ts";
import { whoIs } from "../whoIs.ts";
import type { WhoIs } from "../whoIs.ts";

const whoIsSchema = z
  .discriminatedUnion("type", [
    z.object({
      type: z.literal("key"),
      keyId: z.string(),
      name: z.string(),
      env: z.enum(["live", "test"]),
      organizationId: z.string(),
      ownerKind: z.enum(["personal", "service"]),
      ownerUserId: z.string(),
      permissions: z.array(z.string()).describe("What it may do now."),
      licenses: z.array(z.string()).describe("The names of the licenses that it holds now."),
      expiresAt: z.number().int().nullable(),
      rateLimit: rateSchema.nullable(),
      quota: quotaStateSchema.nullable(),
    }),
    z.object({
      type: z.literal("user"),
      userId: z.string(),
      organizationId: z.string(),
      role: z.string(),
      permissions: z.array(z.string()),
    }),
  ])
  .meta({ id: "WhoIs", description: "The caller, as this request found it." });

export const whoami = callerProcedure
  .meta({
    method: "GET",
    path: "/api/v1/whoami",
    status: 200,
    tag: "Callers",
    summary: "Who is calling",
    description:
      "Describes the key or person behind the credential of this request, what it may do now, and what is left of a key's limits.",
    errors: [],
    example: {
      output: {
        type: "user",
        userId: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f",
        organizationId: "k17c5r9t2w8x4z0b3m6n7p1q5s9v2y4d",
        role: "developer",
        permissions: ["keys:read", "keys:create"],
      },
    },
  })
  .input(z.strictObject({}).optional())
  .output(whoIsSchema)
  .query(({ ctx }): WhoIs => whoIs(ctx.identified, Date.now()));
