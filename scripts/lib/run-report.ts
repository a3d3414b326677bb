import * as z from "zod";

/** The environment variable that tells `RunReporter` where to write. */
export const RUN_REPORT_VARIABLE = "LATCHKEY_RUN_REPORT";

const schema = z.object({
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  /** Files without a result because Node itself crashed; their tests are not counted. */
  crashed: z.array(z.object({ project: z.string(), file: z.string() })),
  /** What broke outside of any test. */
  errors: z.number(),
});

/** What one run of vitest came to. */
export type RunReport = z.infer<typeof schema>;

/** Throws on anything but what `RunReporter` writes. */
export function parseRunReport(text: string): RunReport {
  return schema.parse(JSON.parse(text));
}
