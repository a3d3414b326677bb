import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import type { Deployment } from "../convex/engines.ts";
import { createKey, createOrganization, refusalOf } from "../convex/world.ts";
import type { Organization, Person } from "../convex/world.ts";
import { Dice } from "../helpers/dice.ts";

// Two things at once, thousands of times, on the backend with its real sockets and commits. What is asked before a
// change has answered may go either way; what is asked after its answer must not.

const SEED = Number(process.env.LATCHKEY_RACE_SEED ?? Date.now() % 1_000_000);
// How many times as many rounds; one is enough to meet in every order, more are for a long look.
const FACTOR = Number(process.env.LATCHKEY_RACE_FACTOR ?? 1);
const AT_ONCE = 8;
const LONG = { timeout: 120_000 * FACTOR };
const dice = new Dice(SEED);
const embedded = engines.filter(({ name }) => name === "embedded backend");

describe.each(embedded)(`races of seed ${SEED}, on $name`, (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;
  let asker: string;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("owner");
    ({ key: asker } = await makeKey({ permissions: ["keys:verify"] }));
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const makeKey = async (input: Parameters<typeof createKey>[2] = {}) =>
    await createKey(deployment, admin.caller, { ownerKind: "service", ...input });

  async function codeOf(key: string): Promise<unknown> {
    const response = await deployment.fetch("/api/v1/keys/verify", {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": asker },
      body: JSON.stringify({ key }),
    });
    expect(response.status).toBe(200);
    return (await response.json()).code;
  }

  async function statusOf(key: string): Promise<number> {
    const response = await deployment.fetch("/api/v1/whoami", { headers: { "x-api-key": key } });
    await response.arrayBuffer();
    return response.status;
  }

  const revoke = async (keyId: string) => await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId });
  const rotate = async (keyId: string) =>
    await deployment.call(internal.credentials.rotate, { caller: admin.caller, keyId });
  /** Verifications that run while something else happens. */
  const uses = (key: string, count: number) =>
    Array.from({ length: count }, async () => await soon(async () => await codeOf(key)));

  test("E13, E34: nothing is admitted after a revoke has answered", LONG, async () => {
    await rounds(300, async () => {
      const { key, record } = await makeKey();
      const before = uses(key, 3);
      await soon(async () => await revoke(record._id));
      const after = await Promise.all([codeOf(key), statusOf(key), codeOf(key)]);
      expect(after).toEqual(["REVOKED", 401, "REVOKED"]);
      for (const code of await Promise.all(before)) expect(["VALID", "REVOKED"]).toContain(code);
    });
  });

  test("E13, E34: of two rotations at once one wins and the other is a conflict or comes after it", LONG, async () => {
    let conflicts = 0;
    await rounds(100, async () => {
      const { key, record } = await makeKey();
      const tries = [0, 1].map(async () => await settle(soon(async () => await rotate(record._id))));
      const settled = await Promise.all(tries);
      const made = settled.flatMap((one) => ("value" in one ? [one.value] : []));
      const refused = settled.flatMap((one) => ("refusal" in one ? [one.refusal] : []));
      expect(refused.every((code) => code === "CONFLICT")).toBe(true);
      conflicts += refused.length;
      const [newest, ...others] = made.toSorted((left, right) => right.record.version - left.record.version);
      expect(newest?.record.version).toBe(1 + made.length);
      expect(await codeOf(newest?.key ?? "")).toBe("VALID");
      for (const old of [key, ...others.map((one) => one.key)]) expect(await codeOf(old)).toBe("NOT_FOUND");
    });
    // Otherwise they never met, and nothing was shown.
    expect(conflicts).toBeGreaterThan(0);
  });

  test("E13, E34: revoke beats rotate, whichever comes first", LONG, async () => {
    let rotated = 0;
    await rounds(150, async () => {
      const { key, record } = await makeKey();
      const [rotation] = await Promise.all([
        settle(soon(async () => await rotate(record._id))),
        soon(async () => await revoke(record._id)),
      ]);
      if ("refusal" in rotation) {
        expect(rotation.refusal).toBe("CONFLICT");
        expect(await codeOf(key)).toBe("REVOKED");
      } else {
        rotated += 1;
        expect(await codeOf(key)).toBe("NOT_FOUND");
        expect(await codeOf(rotation.value.key)).toBe("REVOKED");
      }
    });
    expect(rotated).toBeGreaterThan(0);
  });

  test("E11, E34: nothing is admitted after a member's removal has answered", LONG, async () => {
    await rounds(100, async () => {
      const person = await organization.join("developer");
      const { key } = await makeKey({ ownerKind: "personal", ownerUserId: person.userId });
      const before = uses(key, 3);
      await soon(async () => await organization.setRole(person, null));
      expect(await Promise.all([codeOf(key), statusOf(key)])).toEqual(["DISABLED", 401]);
      for (const code of await Promise.all(before)) expect(["VALID", "DISABLED"]).toContain(code);
    });
  });

  test("E13: a use that is being counted does not take a pause back", LONG, async () => {
    await rounds(100, async () => {
      const { key, record } = await makeKey();
      const change = { caller: admin.caller, keyId: record._id };
      const meanwhile = uses(key, 4);
      await soon(async () => await deployment.call(internal.keys.disable, change));
      await Promise.all(meanwhile);
      expect(await codeOf(key)).toBe("DISABLED");
      await deployment.call(internal.keys.enable, change);
      expect(await codeOf(key)).toBe("VALID");
    });
  });
});

/** Runs so many rounds, some at a time. */
async function rounds(count: number, round: () => Promise<void>): Promise<void> {
  let left = count * FACTOR;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await round();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Does it after none to a few turns of the event loop, so that what is started together meets in every order. */
async function soon<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let turns = dice.below(6); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
  return await work();
}

/** The value, or the code with which it was refused. */
async function settle<Value>(work: Promise<Value>): Promise<{ value: Value } | { refusal: string | null }> {
  const refusal = await refusalOf(work);
  return refusal === null ? { value: await work } : { refusal };
}
