import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

const Row = z.object({
  name: z.string(),
  start: z.string(),
  prefix: z.string(),
  key: z.string(),
  expiresAt: z.date(),
});

/** Keys of a product that uses better-auth's plugin as Tale does: a prefix without separator, six visible characters. */
async function makePluginKeys(names: readonly string[]): Promise<{ rows: z.infer<typeof Row>[]; keys: string[] }> {
  const database: Record<string, object[]> = { user: [], session: [], account: [], verification: [], apikey: [] };
  const auth = betterAuth({
    database: memoryAdapter(database),
    baseURL: "http://localhost",
    secret: "a secret that only these tests know, and long",
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    plugins: [apiKey({ defaultPrefix: "tale" })],
  });
  const { user } = await auth.api.signUpEmail({
    body: { email: "ada@example.com", password: "correct horse battery", name: "Ada" },
  });
  const keys: string[] = [];
  for (const name of names) {
    const body = { name, userId: user.id, expiresIn: 86_400 * 20 };
    keys.push((await auth.api.createApiKey({ body })).key);
  }
  return { rows: z.array(Row).parse(database["apikey"]), keys };
}

describe.each(engines)("what better-auth's plugin has stored, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("T1: is imported row by row as it is, and everybody's keys go on working", async () => {
    const { rows, keys } = await makePluginKeys(["ci", "nightly", "billing"]);
    expect(keys[0]).toMatch(/^tale[A-Za-z]{64}$/);
    const items = rows.map(({ name, start, prefix, key: value, expiresAt }) => ({
      name,
      prefix,
      start,
      hash: { algorithm: "sha256-base64url", value },
      expiresAt: expiresAt.getTime(),
    }));
    const imported = await world.asOwner("POST", "/api/v1/keys/import", { items });
    expect(imported).toMatchObject({ status: 200, body: { created: 3 } });
    for (const [index, key] of keys.entries()) {
      const { name, expiresAt } = rows[index] ?? {};
      const verdict = await world.asOwner("POST", "/api/v1/keys/verify", { key });
      expect(verdict.body).toMatchObject({
        code: "VALID",
        name,
        expiresAt: expiresAt?.getTime(),
      });
      expect(await world.call("GET", "/api/v1/whoami", { key })).toMatchObject({ status: 200, body: { name } });
    }
    // Once more, as when a migration is repeated: nothing doubles, and nothing breaks.
    const again = await world.asOwner("POST", "/api/v1/keys/import", { items });
    expect(again).toMatchObject({ status: 200, body: { created: 0 } });
    for (const key of keys) {
      expect(await world.call("GET", "/api/v1/whoami", { key })).toMatchObject({ status: 200 });
    }
    expect(await world.call("GET", "/api/v1/whoami", { key: `${keys[0]}x` })).toMatchObject({ status: 401 });
  });
});
