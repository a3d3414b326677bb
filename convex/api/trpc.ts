import { initTRPC } from "@trpc/server";
import * as z from "zod";
import type { ErrorCode } from "../shared/errors.ts";
import { FAULT, HTTP_STATUS, latchkeyError } from "../shared/errors.ts";
import type { ApiContext } from "./context.ts";
import { noteRefusal } from "./denied.ts";
import { toRefusal } from "./refusal.ts";

/** What the document sorts operations by. */
export type Tag =
  | "Keys"
  | "Policy"
  | "Permissions"
  | "Roles"
  | "Groups"
  | "Licenses"
  | "Members"
  | "Organization"
  | "Usage"
  | "Audit"
  | "Callers"
  | "Functions"
  | "System";

/** Everything about an operation that its schemas do not say. The REST route, the document and the SDK come from it. */
export type OperationMeta = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the origin on, with the input's path fields in braces: `/api/v1/keys/{keyId}`. */
  path: string;
  /** The status of success. */
  status: 200 | 201 | 204;
  tag: Tag;
  summary: string;
  description: string;
  /** The refusals of its own, beside those that any operation can answer. */
  errors: readonly ErrorCode[];
  /** Present on operations that anybody may call. */
  public?: true;
  /** Present on operations of a person, in no organization: neither a key nor X-Organization-Id plays a part. */
  person?: true;
  /** Present on operations on one key, `keyId`, that its owner may call by session even after leaving the organization. */
  forOwner?: true;
  /** Present when REST honours the header Idempotency-Key: what a repetition answers, with status 200. */
  repeated?: z.ZodType;
  /** Present when the output is a Download, whose text REST answers by itself: the content types that it may have. */
  download?: readonly string[];
  example: { input?: unknown; output?: unknown };
};

/** One page of a text that may be long. */
export const downloadSchema = z
  .object({
    contentType: z.string(),
    text: z.string(),
    nextCursor: z.string().nullable().describe("Null on the last page."),
  })
  .meta({ id: "Download", description: "A page of text with its content type." });
export type Download = z.infer<typeof downloadSchema>;

const t = initTRPC
  .context<ApiContext>()
  .meta<OperationMeta>()
  .create({
    // Development mode puts stack traces into answers.
    isDev: false,
    errorFormatter({ shape, error, ctx }) {
      const refusal = toRefusal(error) ?? FAULT;
      return {
        message: refusal.message,
        code: shape.code,
        data: {
          code: refusal.code,
          httpStatus: HTTP_STATUS[refusal.code],
          traceId: ctx?.arrival.traceId ?? null,
          errors: refusal.fields ?? [],
        },
      };
    },
  });

export const router = t.router;

/** Anybody may call: nobody is authenticated. */
export const publicProcedure = t.procedure;

const counted = t.procedure.use(async ({ ctx, path, next }) => {
  const result = await next();
  const outcome = result.ok ? "OK" : (toRefusal(result.error) ?? FAULT).code;
  ctx.arrival.notes.calls.push({ operation: path, outcome });
  return result;
});

/** A person, wherever it is a member or nowhere yet. */
export const personProcedure = counted.use(async ({ ctx, next }) => {
  const person = await ctx.identifyPerson();
  if (person !== null) return await next({ ctx: person });
  throw latchkeyError("FORBIDDEN", "This is for people only. Sign in and call with the session, not with a key.");
});

/** A person or a key, in one organization. Whether it may do the thing is decided where the thing is done. */
export const callerProcedure = counted.use(async ({ ctx, meta, path, getRawInput, next }) => {
  const ownKeyId = meta?.forOwner === true ? readKeyId(await getRawInput()) : undefined;
  const identified = await ctx.identify(ownKeyId);
  const result = await next({ ctx: { identified } });
  if (!result.ok) {
    const failure = { thrown: result.error, input: await getRawInput() };
    await noteRefusal(ctx.convex, identified.caller, path, failure);
  }
  return result;
});

/** The key that an operation is about, before its input is checked. */
function readKeyId(input: unknown): string | undefined {
  if (typeof input !== "object" || input === null || !("keyId" in input)) return undefined;
  return typeof input.keyId === "string" ? input.keyId : undefined;
}
