import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { DAY_MS, HOUR_MS } from "../../convex/shared/limits.ts";
import { SWEEP_PAUSE_MS } from "../../convex/model/sweep.ts";
import { deployAtStoppedClock, eventually, passTime } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, verify } from "./world.ts";

// Only the embedded backend goes by the clock that stands still here: what is due later waits until it is moved.
describe.each(engines.slice(-1))("E29: between two of its small batches a sweep gives way, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => (deployment = opened));

  test("the one over the keys of who left", async () => {
    const organization = await createOrganization(deployment);
    const [owner, person] = [await organization.join("owner"), await organization.join("developer")];
    for (let count = 0; count < 60; count += 1) await createKey(deployment, person.caller);
    await deployment.call(internal.members.remove, { caller: owner.caller, memberId: person.userId });
    await expectSteps(async () => {
      const keys = await deployment.rows("keys");
      return keys.filter((key) => key["ownerUserId"] === person.userId && key["disabledAt"] === undefined).length;
    }, [35, 10, 0]);
  });

  test("the one over old entries of the audit trail", async () => {
    const owner = await (await createOrganization(deployment)).join("owner");
    const { organizationId } = owner.caller;
    const { record } = await createKey(deployment, owner.caller, { expiresAt: Date.now() + 300 * DAY_MS });
    const target = { caller: owner.caller, keyId: record._id };
    for (let index = 0; index < 120; index += 1) {
      await deployment.call(index % 2 === 0 ? internal.keys.disable : internal.keys.enable, target);
    }
    passTime(60 * DAY_MS);
    const before = Date.now() - 31 * DAY_MS;
    const old = async () => {
      const entries = await deployment.rows("audit");
      return entries.filter((entry) => entry["organizationId"] === organizationId && Number(entry["at"]) < before)
        .length;
    };
    const count = await old();
    const prune = { organizationId, before };
    expect(await deployment.call(internal.audit.prune, prune)).toEqual({ count, through: count, done: false });
    await expectSteps(old, [count - 50, count - 100, 0]);
  });

  test("the one over old counts of use", async () => {
    const owner = await (await createOrganization(deployment)).join("owner");
    const { key } = await createKey(deployment, owner.caller);
    const state = await verify(deployment, key);
    if (state === null) throw new Error("there is no such key");
    const { organizationId, keyId, usageId } = state;
    const of = { organizationId, keyId, usageId, ownerRef: owner.userId, lastUse: null, tags: [] };
    const counts = [{ operation: "verify", outcome: "VALID", count: 1 }];
    const entries = Array.from({ length: 300 }, (_, index) => ({ ...of, counts, hour: index * HOUR_MS }));
    await deployment.call(internal.usage.record, { writer: null, batch: 1, shard: 0, entries });
    passTime(401 * DAY_MS);
    await deployment.call(internal.usage.sweep, {});
    // By now the clock has started it, too: both take a batch at a time.
    await expectSteps(async () => (await deployment.rows("usageCounts")).length, [400, 200, 0]);
  });
});

/** Comes to each number in turn, and to the next one only once the clock has moved by the pause. */
async function expectSteps(left: () => Promise<number>, steps: readonly number[]): Promise<void> {
  for (const [index, step] of steps.entries()) {
    if (index > 0) passTime(SWEEP_PAUSE_MS);
    await eventually(async () => expect(await left()).toBe(step));
  }
}
