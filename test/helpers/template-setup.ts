import { ensureTemplate, TEMPLATE_VARIABLE } from "./template.ts";

/** Vitest's global setup: one push before the first test file, in place of one in each. */
export async function setup(): Promise<void> {
  process.env[TEMPLATE_VARIABLE] = await ensureTemplate();
}
