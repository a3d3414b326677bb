// What a user would pick instead: better-auth with its own API-key plugin on Hono, over SQLite in the same durability (WAL, FULL).
// The plugin's default rate limit of 10 requests a day is off; everything else is as it comes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { apiKey } from "@better-auth/api-key";
import { serve } from "@hono/node-server";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { Hono } from "hono";
import { announce } from "../child-server.ts";
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
  plugins: [apiKey({ rateLimit: { enabled: false } })],
});
await (await getMigrations(auth.options)).runMigrations();

const { user } = await auth.api.signUpEmail({
  body: { email: "bench@example.com", password: "bench-password", name: "Bench" },
});
// One key by the plugin itself; the others are copies of its row with a hash of their own.
const made = await auth.api.createApiKey({ body: { userId: user.id, name: "bench" } });
const model = database.prepare("SELECT * FROM apikey WHERE id = ?").get(made.id);
if (model === undefined) throw new Error("the plugin stored no row");
const columns = Object.keys(model);
const insert = database.prepare(
  `INSERT INTO apikey (${columns.map((name) => `"${name}"`).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
);
const keys = randomKeys(Number(process.argv[2]), "");
database.exec("BEGIN");
for (const [index, key] of keys.entries()) {
  const own: Record<string, string> = { id: `key_${index}`, key: hashOf(key), start: key.slice(0, 6) };
  insert.run(...columns.map((name) => own[name] ?? model[name] ?? null));
}
database.exec("COMMIT");

const app = new Hono();
app.post("/verify", async (context) => {
  const { key } = await context.req.json();
  return context.json(await auth.api.verifyApiKey({ body: { key } }));
});
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  announce({ port, path: "/verify", headers: {}, keys: sampleOf(keys, 1000) });
});
