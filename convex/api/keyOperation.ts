import * as z from "zod";
import { EXAMPLE_RECORD } from "./keyRecord.ts";
import type { OperationMeta } from "./trpc.ts";

/** The input of an operation on one key that takes nothing else. */
export const byId = z.strictObject({
  keyId: z.string().min(1).max(64).describe("The key's id, as its record gives it, or the public id in its text."),
});

/** What the operations on one key have in common. */
export function onKey(
  method: OperationMeta["method"],
  verb: string,
  summary: string,
  description: string,
  errors: OperationMeta["errors"],
): OperationMeta {
  return {
    method,
    path: `/api/v1/keys/{keyId}${verb}`,
    status: 200,
    tag: "Keys",
    summary,
    description,
    errors: ["NOT_FOUND", ...errors],
    example: { output: EXAMPLE_RECORD },
  };
}
