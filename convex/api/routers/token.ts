import * as z from "zod";
import { CONVEX_APPLICATION_ID, RUN_APPLICATION_ID } from "../../auth/environment.ts";
import { latchkeyError } from "../../shared/errors.ts";
import { MAX_TOKEN_LIFETIME_MS } from "../../shared/jwt.ts";
import { beyondGranted, isGrantable } from "../../shared/permissions.ts";
import type { Identified } from "../context.ts";
import { callerProcedure, router } from "../trpc.ts";

const AUDIENCE_MAX_LENGTH = 200;
const PERMISSIONS_MAX = 256;
const MAX_LIFETIME_S = MAX_TOKEN_LIFETIME_MS / 1000;

// Convex takes a token of ours with one of these for a person's session, or for a call that the gateway has let through.
const OWN_AUDIENCES: ReadonlySet<string> = new Set([CONVEX_APPLICATION_ID, RUN_APPLICATION_ID]);

const exchangeSchema = z.strictObject({
  audience: z
    .string()
    .min(1)
    .max(AUDIENCE_MAX_LENGTH)
    .regex(/^[!-~]*$/, "Use visible ASCII characters without blanks, as in a URL.")
    .refine((audience) => !OWN_AUDIENCES.has(audience.toLowerCase()), "This audience is Latchkey's own.")
    .describe(
      "Who shall accept the token, as that API spells its own name. Latchkey itself accepts those for its own origin.",
    ),
  permissions: z
    .array(z.string().refine(isGrantable, "Write it as resource:action, for example orders:read."))
    .max(PERMISSIONS_MAX)
    .optional()
    .describe("The part of the key's permissions that the token shall carry; all of them unless told."),
  expiresInS: z
    .number()
    .int()
    .min(1)
    .max(MAX_LIFETIME_S)
    .optional()
    .describe(`How long the token lives, in seconds: ${MAX_LIFETIME_S} unless told, and never longer than its key.`),
});

const tokenSchema = z
  .object({
    token: z.string().describe("A JWT, signed with ES256. Its public key is in `/.well-known/jwks.json`."),
    tokenType: z.literal("Bearer"),
    expiresAt: z.number().int().describe("Epoch milliseconds."),
  })
  .meta({ id: "Token", description: "A short-lived token of a key, for one audience." });
type Token = z.infer<typeof tokenSchema>;

export const tokenRouter = router({
  exchange: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/token",
      status: 200,
      tag: "Callers",
      summary: "Exchange a key for a token",
      description:
        "Answers a JWT of at most five minutes for one audience, which can be checked offline. It ends with its key wherever it is shown to Latchkey. Only a key can be exchanged, a token never again.",
      errors: [],
      example: {
        input: { audience: "https://api.example.com", permissions: ["orders:read"], expiresInS: 60 },
        output: {
          token: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.…",
          tokenType: "Bearer",
          expiresAt: 1_790_000_060_000,
        },
      },
    })
    .input(exchangeSchema)
    .output(tokenSchema)
    .mutation(async ({ ctx, input }): Promise<Token> => {
      const { key } = requireKeyItself(ctx.identified);
      const permissions = [...new Set(input.permissions ?? key.permissions)];
      requireHeld(permissions, key.permissions);
      const wished = Date.now() + (input.expiresInS ?? MAX_LIFETIME_S) * 1000;
      // Who checks it offline knows nothing of the key's end but this.
      const ends = Math.min(wished, key.expiresAt ?? Infinity, key.secretValidUntil ?? Infinity);
      const expiresAt = Math.floor(ends / 1000) * 1000;
      // Loads jose, which nothing else here needs.
      const { signToken } = await import("../../model/tokens/tokens.ts");
      const token = await signToken(ctx.convex, key, { audience: input.audience, permissions, expiresAt });
      return { token, tokenType: "Bearer", expiresAt };
    }),
});

/** Throws FORBIDDEN for a person, and for a token: one that could renew itself would never end. */
function requireKeyItself(identified: Identified): Extract<Identified, { type: "key" }> {
  if (identified.type === "key" && identified.caller.narrowedTo === undefined) return identified;
  throw latchkeyError(
    "FORBIDDEN",
    identified.type === "key"
      ? "A token cannot be exchanged again. Call with the key itself."
      : "Only a key can be exchanged for a token. Call with a key in x-api-key.",
  );
}

/** Throws FORBIDDEN for permissions that the key does not hold now. */
function requireHeld(wanted: readonly string[], held: readonly string[]): void {
  const beyond = new Set(beyondGranted(wanted, held));
  if (beyond.size === 0) return;
  throw latchkeyError(
    "FORBIDDEN",
    `A token carries only what its key holds, and it does not hold ${[...beyond].join(", ")}.`,
    wanted.flatMap((permission, index) =>
      beyond.has(permission) ? [{ path: `permissions.${index}`, message: "The key does not hold this." }] : [],
    ),
  );
}
