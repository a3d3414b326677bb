// What a user would pick instead: better-auth with its own API-key plugin on Hono, over SQLite in the same durability (WAL, FULL).
// Its rate limit is on for the keys that have one, as Latchkey's is: the default of 10 requests a day would end every run at once.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { apiKey } from "@better-auth/api-key";
import { serve } from "@hono/node-server";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { Hono } from "hono";
import { announce } from "../child-server.ts";
import { httpPost } from "../http-text.ts";
import { LIMITED_KEY, SAMPLE, SPREAD } from "../scenarios.ts";
import { hashOf, randomKeys, sampleOf } from "../seed-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-peer-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGTERM", () => process.exit(0));

const database = new DatabaseSync(join(folder, "auth.sqlite3"));
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");

const auth = betterAuth({
  database,
  baseURL: "http://localhost",
  secret: "a secret that only this benchmark knows 0123456789",
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  plugins: [apiKey()],
});
await (await getMigrations(auth.options)).runMigrations();

const { user } = await auth.api.signUpEmail({
  body: { email: "bench@example.com", password: "bench-password", name: "Bench" },
});
// Two keys by the plugin itself; the others are copies of their rows with a hash of their own.
const PERMISSIONS = { orders: ["read", "refund"], billing: ["write"] };
const checkedModel = await makeModel({ rateLimitEnabled: false, permissions: PERMISSIONS });
const limitedModel = await makeModel({
  rateLimitEnabled: true,
  rateLimitMax: LIMITED_KEY.rateLimit.limit,
  rateLimitTimeWindow: LIMITED_KEY.rateLimit.windowMs,
  remaining: LIMITED_KEY.quota.limit,
  refillAmount: LIMITED_KEY.quota.limit,
  refillInterval: 24 * 60 * 60 * 1000,
});
// One in ten is limited, as in Latchkey's table.
const LIMITED_EVERY = 10;
const { checked, limited } = seed(Number(process.argv[2]));

const app = new Hono();
app.post("/verify", async (context) => {
  const { key, permissions } = await context.req.json();
  return context.json(await auth.api.verifyApiKey({ body: { key, permissions } }));
});
app.post("/keys", async (context) => {
  const { name } = await context.req.json();
  return context.json(await auth.api.createApiKey({ body: { userId: user.id, name } }), 201);
});
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  const valid = { status: 200, expect: '"valid":true' };
  announce({
    port,
    scenarios: {
      verify: { ...valid, requests: sampleOf(checked, SAMPLE).map(verify) },
      limited: { ...valid, requests: limited.map(shown) },
      spread: { ...valid, requests: checked.map(verify) },
      whoami: { ...valid, requests: sampleOf(checked, SAMPLE).map(shown) },
      creates: { requests: [httpPost("/keys", {}, { name: "created" })], status: 201, expect: '"key":"' },
    },
  });
});

// Of what Latchkey checks it knows permissions, all of which have to be there.
function verify(key: string): string {
  return httpPost("/verify", {}, { key, permissions: { orders: ["read", "refund"] } });
}

function shown(key: string): string {
  return httpPost("/verify", {}, { key });
}

/** Fills the table and answers samples of its keys; the others are forgotten, so that nobody measures a heap full of them. */
function seed(count: number): { checked: string[]; limited: string[] } {
  const columns = Object.keys(checkedModel);
  const insert = database.prepare(
    `INSERT INTO apikey (${columns.map((name) => `"${name}"`).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  const keys = randomKeys(count, "");
  database.exec("BEGIN");
  for (const [index, key] of keys.entries()) {
    const own: Record<string, string> = { id: `key_${index}`, key: hashOf(key), start: key.slice(0, 6) };
    const model = index % LIMITED_EVERY === 0 ? limitedModel : checkedModel;
    insert.run(...columns.map((name) => own[name] ?? model[name] ?? null));
  }
  database.exec("COMMIT");
  return {
    checked: sampleOf(
      keys.filter((_key, index) => index % LIMITED_EVERY !== 0),
      SPREAD,
    ),
    limited: sampleOf(
      keys.filter((_key, index) => index % LIMITED_EVERY === 0),
      SAMPLE,
    ),
  };
}

type KeyFields = NonNullable<Parameters<typeof auth.api.createApiKey>[0]>["body"];

async function makeModel(fields: Partial<KeyFields>): Promise<Record<string, SQLOutputValue>> {
  const { id } = await auth.api.createApiKey({ body: { userId: user.id, name: "bench", ...fields } });
  const row = database.prepare("SELECT * FROM apikey WHERE id = ?").get(id);
  if (row === undefined) throw new Error("the plugin stored no row");
  return row;
}
