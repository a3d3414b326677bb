import { ConvexError, v } from "convex/values";
import type { Infer } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { toErrorData } from "../../shared/errors.ts";
import { resolveCaller, vCaller } from "../rights/callers.ts";
import type { Caller, ResolvedCaller } from "../rights/callers.ts";
import { GroupCommit } from "../groupCommit.ts";
import type { Writer } from "../groupCommit.ts";
import { toKeySnapshot, vKeySnapshot } from "./views.ts";
import type { KeySnapshot } from "./views.ts";
import { createKey, vNewKey } from "./newKeys.ts";
import { vOnce } from "../repetitions.ts";
import { vMintedSecret } from "./secrets.ts";
import { shareReads } from "../sharedReads.ts";

/** An opaque key that is to be made, and who asks for it. */
export const vCreation = v.object({
  caller: vCaller,
  input: vNewKey,
  secret: vMintedSecret,
  once: v.optional(vOnce),
});
export type Creation = Infer<typeof vCreation>;

/** The key, or why there is none: the data of the ConvexError. */
export const vCreated = v.union(v.object({ key: vKeySnapshot }), v.object({ refusal: v.any() }));
type Created = Infer<typeof vCreated>;

// So few share most of what each would read, and hold up others for some milliseconds only.
const BATCH_MAX = 16;
// One is run while another is on its way to the disk.
const BATCHES_AT_ONCE = 2;
const creations = new GroupCommit<Creation, () => Created>(BATCH_MAX, write, BATCHES_AT_ONCE);

/**
 * Makes an opaque key, together with what others ask for at the same moment: each by its own rights and with its own
 * audit entry, and each or none of its parts. Throws like `createKey`.
 */
export async function joinCreation(ctx: Writer, creation: Creation): Promise<KeySnapshot> {
  const created = (await creations.join(ctx, creation))();
  if ("key" in created) return created.key;
  throw new ConvexError(created.refusal);
}

async function write(ctx: Writer, items: Creation[]): Promise<(() => Created)[]> {
  try {
    const results = await ctx.runMutation(internal.keys.insertAll, { creations: items });
    return results.map((created) => () => created);
  } catch (thrown) {
    const [first] = items;
    if (first === undefined || items.length === 1) return [() => fail(thrown)];
    // Together they were too much, or one of them is at fault. Written twice it would clash with its own secret.
    return (await Promise.all(items.map(async (item) => await write(ctx, [item])))).flat();
  }
}

function fail(thrown: unknown): never {
  throw thrown;
}

/** Makes a key of each, in one transaction, or says why not; a refused one leaves the others be. */
export async function createKeys(ctx: MutationCtx, items: readonly Creation[]): Promise<Created[]> {
  shareReads(ctx);
  const callers = new Map<string, Promise<ResolvedCaller>>();
  const resolve = async (caller: Caller): Promise<ResolvedCaller> => {
    const { request, ...who } = caller;
    const name = JSON.stringify(who);
    const known = callers.get(name) ?? resolveCaller(ctx, caller, Date.now());
    callers.set(name, known);
    return { ...(await known), request };
  };
  const results: Created[] = [];
  for (const item of items) results.push(await tryCreate(ctx, item, resolve));
  return results;
}

/** Every refusal comes before the first write, so one that is caught leaves nothing behind. */
async function tryCreate(
  ctx: MutationCtx,
  { caller, input, secret, once }: Creation,
  resolve: (caller: Caller) => Promise<ResolvedCaller>,
): Promise<Created> {
  let key: Doc<"keys">;
  try {
    key = await createKey(ctx, await resolve(caller), input, secret, { once });
  } catch (thrown) {
    const refusal = toErrorData(thrown);
    if (refusal === null) throw thrown;
    return { refusal };
  }
  // Out here: after the first write nothing may be taken for a refusal, or its writes would stay.
  return { key: await toKeySnapshot(ctx, key) };
}
