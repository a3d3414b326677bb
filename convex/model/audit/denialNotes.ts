import { internal } from "../../_generated/api.js";
import type { ActionCtx } from "../../_generated/server.js";
import type { Denial } from "./denials.ts";
import type { Caller } from "../rights/callers.ts";

// What this process knows spares the database the same refusal over and over, and is never the truth: whether it
// becomes an entry is decided there. When a process ends, at most the counts of its last few seconds are lost.

type Handed = { at: number; suppressed: number };

// The same refusal is handed on at most this often.
const HAND_MS = 5_000;
// Far more than there are callers at a time. Starting anew loses counts, and hands refusals on sooner.
const HANDED_MAX = 10_000;
// The refusal waits no longer than this for the trail, which goes on by itself.
const PATIENCE_MS = 500;

const handed = new Map<string, Handed>();

/**
 * Has the trail of the caller's organization tell that it was refused. To be called once the refusal is certain, with
 * a code and an operation of ours and never with what the caller wrote. Never throws: a refusal is what it is, whether
 * it could be noted or not.
 */
export async function noteDenial(ctx: ActionCtx, caller: Caller, denial: Omit<Denial, "suppressed">): Promise<void> {
  const suppressed = take(caller, denial, Date.now());
  if (suppressed === null) return;
  const written = write(ctx, caller, { ...denial, suppressed });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const impatient = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([written, impatient]);
  clearTimeout(timer);
}

/** How many of the same were kept back, now that one is handed on; null when this one is kept back too. */
function take(caller: Caller, { operation, code }: Omit<Denial, "suppressed">, now: number): number | null {
  const callerId = caller.type === "key" ? caller.keyId : caller.userId;
  const attempt = `${caller.organizationId} ${callerId} ${operation} ${code}`;
  const before = handed.get(attempt);
  if (before !== undefined && now - before.at < HAND_MS) {
    before.suppressed += 1;
    return null;
  }
  if (handed.size >= HANDED_MAX) handed.clear();
  handed.set(attempt, { at: now, suppressed: 0 });
  return before?.suppressed ?? 0;
}

async function write(ctx: ActionCtx, caller: Caller, denial: Denial): Promise<void> {
  try {
    await ctx.runMutation(internal.audit.denied, { caller, ...denial });
  } catch (thrown) {
    // oxlint-disable-next-line no-console -- the deployment's log is where an operator learns that an entry is missing
    console.error(`[${caller.request.id}] a refusal could not be noted:`, thrown);
  }
}
