import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Caller } from "../model/rights/callers.ts";
import { PREVIEW_PAGE_MAX } from "../model/policy/preview.ts";
import type { PreviewPage } from "../model/policy/preview.ts";
import type { PolicyChange } from "../shared/policy.ts";
import type { PolicyPreview } from "./policy.ts";

// Ten thousand keys in one call, which stays far below its time limit; who has more goes on from the cursor.
const PAGES_PER_CALL = 10;
const SHOWN_MAX = 50;

/** Adds up pages of a preview, all of one moment and one version of the policy. */
export async function previewPolicy(
  ctx: ActionCtx,
  caller: Caller,
  { change, version, cursor }: { change: PolicyChange; version: number | undefined; cursor: string | null },
): Promise<PolicyPreview> {
  const at = Date.now();
  let page = await readPage(ctx, { caller, change, version, at, cursor });
  const preview = { ...page, keys: [...page.keys], ownersAboveLimit: [...page.ownersAboveLimit] };
  for (let count = 1; count < PAGES_PER_CALL && page.nextCursor !== null; count += 1) {
    page = await readPage(ctx, { caller, change, version: preview.version, at, cursor: page.nextCursor });
    preview.seen += page.seen;
    for (const [effect, touched] of Object.entries(page.counts)) {
      preview.counts[effect] = (preview.counts[effect] ?? 0) + touched;
    }
    preview.keys.push(...page.keys);
    preview.ownersAboveLimit.push(...page.ownersAboveLimit);
    preview.nextCursor = page.nextCursor;
  }
  return { ...preview, counts: toCounts(preview.counts), keys: preview.keys.slice(0, SHOWN_MAX) };
}

async function readPage(
  ctx: ActionCtx,
  args: {
    caller: Caller;
    change: PolicyChange;
    version: number | undefined;
    at: number;
    cursor: string | null;
  },
): Promise<PreviewPage> {
  return await ctx.runQuery(internal.policy.preview, { ...args, limit: PREVIEW_PAGE_MAX });
}

function toCounts(counts: Record<string, number>): PolicyPreview["counts"] {
  const { dies = 0, idle = 0, revives = 0, expiresEarlier = 0, expiresLater = 0 } = counts;
  const { neverExpiringEnds = 0, addressesRestricted = 0 } = counts;
  return { dies, idle, revives, expiresEarlier, expiresLater, neverExpiringEnds, addressesRestricted };
}
