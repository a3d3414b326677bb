import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { Erasure } from "../../model/audit/erasure.ts";
import type { AuditPage } from "../../model/audit/lists.ts";
import type { ChainReport } from "../../model/audit/verification.ts";
import { EXPORT_FORMATS, EXPORT_TYPES, toExportText } from "../auditExport.ts";
import { callerProcedure, downloadSchema, router } from "../trpc.ts";
import type { Download } from "../trpc.ts";

const DEFAULT_LIST_PAGE = 50;
const MAX_LIST_PAGE = 200;
const DEFAULT_CHAIN_PAGE = 500;
const MAX_CHAIN_PAGE = 1000;

const entrySchema = z
  .object({
    id: z.string(),
    format: z.number().int().describe("The form in which it was hashed."),
    organizationId: z.string(),
    seq: z.number().int().describe("Counts the organization's entries from 1."),
    at: z.number().int().describe("Epoch milliseconds."),
    actor: z
      .object({ type: z.enum(["user", "key", "system"]), id: z.string(), name: z.string() })
      .describe("The name of an erased user is a pseudonym."),
    action: z.string().describe("`<noun>.<verb>`, for example `key.revoke`; `denied` for a refused attempt."),
    targetKind: z.string(),
    targetId: z.string(),
    before: z.string().nullable().describe("What changed, as it was: JSON text. Never a secret."),
    after: z.string().nullable().describe("What changed, as it is: JSON text."),
    reason: z.string().nullable(),
    requestId: z.string().describe("The trace id of the request that made the change."),
    ip: z.string().nullable(),
    agent: z.string().nullable(),
    subject: z.string().nullable().describe("The address that an invitation is for."),
    erased: z.boolean().describe("Whether a person has been erased from it: their name, addresses and agents."),
    personId: z.string().nullable().describe("The user of whom name, ip and agent are: the actor, or its key's owner."),
    personDigest: z
      .string()
      .nullable()
      .describe("SHA-256 of personSalt and the canonical JSON of agent, ip and the user's name, in hexadecimal."),
    personSalt: z.string().nullable().describe("Null when there is nothing, or it has been erased."),
    subjectDigest: z.string().nullable().describe("The same of the canonical JSON of the subject, as `email`."),
    subjectSalt: z.string().nullable(),
    previousHash: z.string().describe("The hash of the entry before."),
    hash: z
      .string()
      .describe(
        "SHA-256 of the entry's canonical JSON, with previousHash and the digests in place of people, in hexadecimal.",
      ),
  })
  .meta({ id: "AuditEntry", description: "Who changed what. Each entry's hash holds the entry before." });

const pageSchema = z.object({
  items: z.array(entrySchema),
  nextCursor: z.string().nullable().describe("Null on the last page. A filtered page may be short and not the last."),
});

const reportSchema = z
  .object({
    checked: z.number().int().describe("Entries of this page that were found right."),
    erased: z.number().int().describe("Those among them from which a person has been erased, as a later entry says."),
    broken: z
      .object({
        seq: z.number().int().describe("Where in the chain; 0 for an entry outside it."),
        entryId: z.string().nullable().describe("Null when the entry is not there."),
        problem: z.enum(["missing", "duplicate", "unlinked", "altered", "person", "unchained", "head"]),
      })
      .nullable()
      .describe("The first entry that is not as it was written; checking ends there."),
    nextCursor: z.string().nullable().describe("Null at the end of the chain and at a break."),
    last: z
      .object({ seq: z.number().int(), hash: z.string() })
      .describe("The last entry found right. Kept elsewhere, it proves later that nothing before it was rewritten."),
    pruned: z.number().int().describe("Entries that retention has deleted from the beginning of the chain."),
  })
  .meta({ id: "AuditVerification", description: "Whether a stretch of the audit chain is whole." });

const cursor = z.string().max(128).optional().describe("The `nextCursor` of the page before.");
const chainLimit = z.number().int().min(1).max(MAX_CHAIN_PAGE).optional();

const ENTRY = {
  id: "kn7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  format: 2,
  organizationId: "k17c5r9t2w8x4z0b3m6n7p1q5s9v2y4d",
  seq: 12,
  at: 1_790_000_000_000,
  actor: { type: "user" as const, id: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f", name: "Ada Lovelace" },
  action: "key.disable",
  targetKind: "key",
  targetId: "kd7f2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  before: '{"disabledAt":null}',
  after: '{"disabledAt":1790000000000}',
  reason: null,
  requestId: "0f8fad5b-d9cb-469f-a165-70867728950e",
  ip: "192.0.2.7",
  agent: "curl/8.14.1",
  subject: null,
  erased: false,
  personId: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f",
  personDigest: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
  personSalt: "5f2d8c1ab03e4796a1c8d5e0b7f6932d",
  subjectDigest: null,
  subjectSalt: null,
  previousHash: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
  hash: "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
};

export const auditRouter = router({
  list: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/audit",
      status: 200,
      tag: "Audit",
      summary: "List audit entries",
      description: "Newest first. Takes `audit:read`.",
      errors: [],
      example: { output: { items: [ENTRY], nextCursor: null } },
    })
    .input(
      z
        .strictObject({
          action: z.string().max(64).optional().describe("Only changes of this kind, for example `key.revoke`."),
          actor: z.string().max(64).optional().describe("Only changes by this user or key, by id."),
          target: z.string().max(64).optional().describe("Only changes of this key, member or invitation, by id."),
          cursor,
          limit: z
            .number()
            .int()
            .min(1)
            .max(MAX_LIST_PAGE)
            .optional()
            .describe(`Entries per page; ${DEFAULT_LIST_PAGE} unless told.`),
        })
        .default({}),
    )
    .output(pageSchema)
    .query(async ({ ctx, input }): Promise<AuditPage> => {
      return await ctx.convex.runQuery(internal.audit.listForCaller, {
        caller: ctx.identified.caller,
        filter: { action: input.action, actorId: input.actor, targetId: input.target },
        cursor: input.cursor ?? null,
        limit: input.limit ?? DEFAULT_LIST_PAGE,
      });
    }),

  verify: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/audit/verify",
      status: 200,
      tag: "Audit",
      summary: "Verify the audit chain",
      description: "Checks a page of the chain from its start, and tells the first break. Takes `audit:read`.",
      errors: [],
      example: {
        output: {
          checked: 12,
          erased: 0,
          broken: null,
          nextCursor: null,
          last: { seq: 12, hash: ENTRY.hash },
          pruned: 0,
        },
      },
    })
    .input(
      z
        .strictObject({
          cursor,
          limit: chainLimit.describe(`Entries to check; ${DEFAULT_CHAIN_PAGE} unless told.`),
        })
        .default({}),
    )
    .output(reportSchema)
    .query(async ({ ctx, input }): Promise<ChainReport> => {
      return await ctx.convex.runQuery(internal.audit.verifyChain, {
        caller: ctx.identified.caller,
        cursor: input.cursor ?? null,
        limit: input.limit ?? DEFAULT_CHAIN_PAGE,
      });
    }),

  export: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/audit/export",
      status: 200,
      tag: "Audit",
      summary: "Export audit entries",
      description:
        "A page of the whole trail as text, oldest first; pages in their order make one file. Answers the text itself, with the header `X-Next-Cursor` unless it is the last page, or as JSON when `Accept` names `application/json`. JSON lines hold what was hashed; CSV guards cells against being taken for formulas. Takes `audit:read`.",
      errors: [],
      download: EXPORT_FORMATS.map((format) => EXPORT_TYPES[format]),
      example: {
        output: { contentType: EXPORT_TYPES.jsonl, text: `${JSON.stringify(ENTRY)}\n`, nextCursor: null },
      },
    })
    .input(
      z
        .strictObject({
          format: z.enum(EXPORT_FORMATS).optional().describe("`jsonl` unless told."),
          cursor,
          limit: chainLimit.describe(`Entries per page; ${DEFAULT_CHAIN_PAGE} unless told.`),
        })
        .default({}),
    )
    .output(downloadSchema)
    .query(async ({ ctx, input }): Promise<Download> => {
      const { format = "jsonl" } = input;
      const { items, nextCursor } = await ctx.convex.runQuery(internal.audit.exportForCaller, {
        caller: ctx.identified.caller,
        cursor: input.cursor ?? null,
        limit: input.limit ?? DEFAULT_CHAIN_PAGE,
      });
      const text = toExportText(items, format, input.cursor === undefined);
      return { contentType: EXPORT_TYPES[format], text, nextCursor };
    }),

  erasePerson: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/audit/erase-person",
      status: 200,
      tag: "Audit",
      summary: "Erase a person from the audit trail",
      description:
        "Takes a former member's name, addresses and agents out of all entries, and with `email` the address that they were invited by. What was done stays, under a pseudonym, and the chain still verifies. Reasons and the names of keys stay too. Cannot be undone. Takes `members:manage`.",
      errors: ["CONFLICT"],
      example: { input: { userId: ENTRY.actor.id }, output: { erased: 12, done: true } },
    })
    .input(
      z.strictObject({
        userId: z.string().max(64).optional().describe("Somebody who is no member any more."),
        email: z.string().max(320).optional().describe("Of somebody who was invited, whether they came or not."),
      }),
    )
    .output(
      z.object({
        erased: z.number().int().describe("Parts of entries that this call took out."),
        done: z
          .boolean()
          .describe("False while there is more: a user's rest follows by itself; for an address, call again."),
      }),
    )
    .mutation(async ({ ctx, input }): Promise<Erasure> => {
      return await ctx.convex.runMutation(internal.audit.erasePerson, {
        caller: ctx.identified.caller,
        ...(input.userId !== undefined && { userId: input.userId }),
        ...(input.email !== undefined && { email: input.email }),
      });
    }),
});
