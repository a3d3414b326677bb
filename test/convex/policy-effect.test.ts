import type { FunctionArgs } from "convex/server";
import { describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import { DAY_MS, HOUR_MS } from "../../convex/shared/limits.ts";
import { eventually, passTime, deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, listOf, refusalOf, verdictOn, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

type Change = FunctionArgs<typeof internal.policy.update>["change"];

describe.each(engines)(
  "E7 C11: a policy holds for existing keys from their next use on, and loosened gives back what was taken, on $name",
  (engine) => {
    let deployment: Deployment;
    deployAtStoppedClock(engine, (opened) => {
      deployment = opened;
    });

    /** An organization of its own for each test, with an owner. */
    async function found(): Promise<{ organization: Organization; owner: Person }> {
      const organization = await createOrganization(deployment);
      return { organization, owner: await organization.join("owner") };
    }
    const update = async (person: Person, change: Change) =>
      await deployment.call(internal.policy.update, { caller: person.caller, change });

    test("E27: a maximum lifetime, exact to the millisecond", async () => {
      const { owner } = await found();
      const { key, record } = await createKey(deployment, owner.caller);
      await update(owner, { maxLifetimeMs: HOUR_MS });
      expect((await verify(deployment, key))?.expiresAt).toBe(record.createdAt + HOUR_MS);
      passTime(HOUR_MS - 1);
      expect(await verdictOn(deployment, key)).toBe("VALID");
      passTime(1);
      expect(await verdictOn(deployment, key)).toBe("EXPIRED");
      const dead = { caller: owner.caller, keyId: record._id };
      expect(await refusalOf(deployment.call(internal.keys.update, { ...dead, changes: { tags: ["late"] } }))).toBe(
        "CONFLICT",
      );
      await update(owner, { maxLifetimeMs: null });
      expect(await verdictOn(deployment, key)).toBe("VALID");
      expect((await verify(deployment, key))?.expiresAt).toBe(record.expiresAt);
    });

    test("the maximum of a role, which a demotion changes too", async () => {
      const { organization, owner } = await found();
      const person = await organization.join("admin");
      const { key, record } = await createKey(deployment, person.caller);
      await update(owner, { maxLifetimeMsByRole: { developer: HOUR_MS } });
      const expiry = async () => (await verify(deployment, key))?.expiresAt;
      expect(await expiry()).toBe(record.expiresAt);
      await organization.setRole(person, "developer");
      expect(await expiry()).toBe(record.createdAt + HOUR_MS);
      await organization.setRole(person, "admin");
      expect(await expiry()).toBe(record.expiresAt);
    });

    test("never expiring", async () => {
      const { owner } = await found();
      await update(owner, { neverExpiring: true, maxLifetimeMs: null });
      const { key, record } = await createKey(deployment, owner.caller, { expiresAt: null });
      expect((await verify(deployment, key))?.expiresAt).toBeNull();
      await update(owner, { neverExpiring: false, defaultLifetimeMs: 2 * HOUR_MS });
      expect((await verify(deployment, key))?.expiresAt).toBe(record.createdAt + 2 * HOUR_MS);
      passTime(2 * HOUR_MS);
      expect(await verdictOn(deployment, key)).toBe("EXPIRED");
      await update(owner, { neverExpiring: true });
      expect(await verdictOn(deployment, key)).toBe("VALID");
    });

    test("required address ranges, on top of the key's own", async () => {
      const { owner } = await found();
      const { key } = await createKey(deployment, owner.caller, { cidrs: ["10.0.0.0/8", "192.0.2.0/24"] });
      expect(await verdictOn(deployment, key, "10.9.9.9")).toBe("VALID");
      await update(owner, { requiredCidrs: ["10.1.0.0/16", "198.51.100.0/24"] });
      expect(await verdictOn(deployment, key, "10.1.2.3")).toBe("VALID");
      for (const ip of ["10.9.9.9", "192.0.2.1", "198.51.100.1", null]) {
        expect(await verdictOn(deployment, key, ip)).toBe("FORBIDDEN");
      }
      await update(owner, { requiredCidrs: null });
      expect(await verdictOn(deployment, key, "192.0.2.1")).toBe("VALID");
    });

    test("lists lose a key that the policy ended and get it back, with the expiry that its record says", async () => {
      const { owner } = await found();
      const { record } = await createKey(deployment, owner.caller);
      passTime(HOUR_MS);
      const { record: kept } = await createKey(deployment, owner.caller);
      const ids = async () => (await listOf(deployment, owner)).map(({ _id }) => _id);
      await update(owner, { maxLifetimeMs: HOUR_MS });
      await eventually(async () => expect(await ids()).toEqual([kept._id]));
      passTime(HOUR_MS);
      await deployment.call(internal.policy.sweep, {});
      await eventually(async () => expect(await ids()).toEqual([]));
      await update(owner, { maxLifetimeMs: 400 * DAY_MS });
      await eventually(async () => expect(await ids()).toEqual([kept._id, record._id]));
      const { organizationId } = owner.caller;
      const shown = await deployment.call(api.keys.get, { organizationId, keyId: record._id }, owner.userId);
      expect(shown?.expiresAt).toBe(record.expiresAt);
    });

    test("a key that died by itself meanwhile does not come back", async () => {
      const { owner } = await found();
      const expiring = await createKey(deployment, owner.caller, { expiresAt: Date.now() + 3 * HOUR_MS });
      const revoked = await createKey(deployment, owner.caller);
      passTime(HOUR_MS);
      await update(owner, { maxLifetimeMs: HOUR_MS });
      await eventually(async () => expect(await listOf(deployment, owner)).toEqual([]));
      await deployment.call(internal.keys.revoke, { caller: owner.caller, keyId: revoked.record._id });
      passTime(2 * HOUR_MS);
      await update(owner, { maxLifetimeMs: null });
      const fresh = await createKey(deployment, owner.caller);
      await deployment.call(internal.policy.sortKeys, {
        organizationId: owner.caller.organizationId,
        at: Date.now(),
        step: "revive",
      });
      expect((await listOf(deployment, owner)).map(({ _id }) => _id)).toEqual([fresh.record._id]);
      expect(await verdictOn(deployment, expiring.key)).toBe("EXPIRED");
      expect(await verdictOn(deployment, revoked.key)).toBe("REVOKED");
    });
  },
);
