import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { HOUR_MS } from "../../convex/shared/limits.ts";
import { deployAtStoppedClock, eventuallySwept, passTime } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createOrganization } from "./world.ts";

describe.each(engines)("sessions that are over, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => (deployment = opened));

  test("E29: are deleted by a sweep, not a moment too early, and no others", async () => {
    const { userId } = await (await createOrganization(deployment)).join("owner");
    const begin = async (token: string, lifetimeMs: number) => {
      const now = Date.now();
      const data = { token, userId, expiresAt: now + lifetimeMs, createdAt: now, updatedAt: now };
      await deployment.call(internal.auth.store.create, { table: "session", data, origin });
    };
    // More than a batch.
    for (let index = 0; index < 150; index += 1) await begin(`short ${index}`, HOUR_MS);
    await begin("long", 24 * HOUR_MS);
    passTime(HOUR_MS - 1);
    await deployment.call(internal.sessions.sweep, {});
    expect(await deployment.rows("session")).toHaveLength(151);
    passTime(1);
    await deployment.call(internal.sessions.sweep, {});
    await eventuallySwept(async () =>
      expect((await deployment.rows("session")).map((row) => row["token"])).toEqual(["long"]),
    );
  });
});

const origin = { userId: null, request: { id: "test" } };
