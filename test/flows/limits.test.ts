import { rm } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { inParallel } from "../helpers/fill.ts";
import { startLatchkeyProcess } from "../helpers/latchkey-process.ts";
import { createKey, createOrganization, signUp, succeed } from "../helpers/person.ts";
import { copyTemplate } from "../helpers/template.ts";

const QUOTA = 1_000;
const AT_ONCE = 16;

let folder: string | undefined;
afterEach(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** Asks about a key once, and answers the verdict's fields. */
async function verify(url: string, caller: string, key: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}/api/v1/keys/verify`, {
    method: "POST",
    headers: { "x-api-key": caller, "content-type": "application/json" },
    body: JSON.stringify({ key }),
  });
  return { ...Object(await succeed(answer)) };
}

async function prepare(url: string): Promise<{ caller: string; target: { id: string; key: string } }> {
  const person = await signUp(url);
  await createOrganization(person, "limits");
  const permissions = ["keys:verify", "usage:read"];
  const { key: caller } = await createKey(person, { name: "caller", ownerKind: "service", permissions });
  const quota = { limit: QUOTA, refill: "never" };
  return { caller, target: await createKey(person, { name: "target", ownerKind: "service", quota }) };
}

test("E22 E31 after kill -9 in the middle, no more than the quota was ever answered VALID", async () => {
  folder = await copyTemplate();
  let made: Awaited<ReturnType<typeof prepare>> | undefined;
  let good = 0;
  // Twice, because the second start recovers from the first kill.
  for (const goal of [QUOTA / 4, QUOTA / 2]) {
    await using latchkey = startLatchkeyProcess(["--port", "0", "--data", folder]);
    const url = await latchkey.ready();
    const { caller, target } = (made ??= await prepare(url));
    await inParallel(AT_ONCE, async () => {
      try {
        if ((await verify(url, caller, target.key))["code"] === "VALID") good += 1;
      } catch (error) {
        if (latchkey.child.killed) return false;
        throw error;
      }
      // The others are under way at this moment.
      if (good >= goal) latchkey.child.kill("SIGKILL");
      return !latchkey.child.killed;
    });
    expect(await latchkey.ended()).toBe("SIGKILL");
  }
  expect(good).toBeGreaterThanOrEqual(QUOTA / 2);
  if (made === undefined) throw new Error("nothing was made");
  const { caller, target } = made;

  await using latchkey = startLatchkeyProcess(["--port", "0", "--data", folder]);
  const url = await latchkey.ready();
  const answeredBefore = good;
  const next = await verify(url, caller, target.key);
  good += 1;
  // What was answered was on the disk; what was not answered may have been taken too, by those that were under way.
  const { remaining } = Object(next["quota"]);
  expect(remaining).toBeLessThanOrEqual(QUOTA - answeredBefore - 1);
  expect(remaining).toBeGreaterThanOrEqual(QUOTA - answeredBefore - 1 - 2 * AT_ONCE);
  await inParallel(AT_ONCE, async () => {
    const { code } = await verify(url, caller, target.key);
    if (code === "VALID") good += 1;
    return code === "VALID";
  });
  expect(good).toBe(answeredBefore + 1 + remaining);
  expect(good).toBeLessThanOrEqual(QUOTA);
});

test("E31 a server that is asked to stop writes the counts of its last second first", async () => {
  folder = await copyTemplate();
  const first = startLatchkeyProcess(["--port", "0", "--data", folder]);
  const url = await first.ready();
  const { caller, target } = await prepare(url);
  await inParallel(AT_ONCE, async (index) => {
    if (index >= 300) return false;
    await verify(url, caller, target.key);
    return true;
  });
  first.child.kill("SIGTERM");
  expect(await first.ended()).toBe(0);

  await using second = startLatchkeyProcess(["--port", "0", "--data", folder]);
  const answer = await fetch(`${await second.ready()}/api/v1/usage?by=operation&keyId=${target.id}`, {
    headers: { "x-api-key": caller },
  });
  expect(await succeed(answer)).toMatchObject({
    count: 300,
    refused: 0,
    items: [{ name: "verify", count: 300 }],
    lastUse: { ip: "127.0.0.1" },
  });
});
