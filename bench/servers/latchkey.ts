// Latchkey as `npm start` runs it, with as many keys in its table as the command line says. The keys are copies of one that was made
// over the API, written by the backend's own database before the server starts: 100,000 creates over HTTP would take minutes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../backend/database/open-database.ts";
import { startLatchkey, type Latchkey } from "../../scripts/lib/latchkey.ts";
import { announce } from "../child-server.ts";
import { makeOwner } from "../owner.ts";
import { sampleOf } from "../seed-keys.ts";
import { seedKeys } from "../seed-latchkey.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const first = await start();
const owner = await makeOwner(first.url);
await first[Symbol.asyncDispose]();

const database = openDatabase(folder);
const keys = await seedKeys(database, owner.keyId, Number(process.argv[2]));
await database.close();

const latchkey = await start();
process.once("SIGTERM", () => void latchkey[Symbol.asyncDispose]().then(() => process.exit(0)));
announce({
  port: latchkey.port,
  path: "/api/v1/keys/verify",
  headers: { "x-api-key": owner.key },
  keys: sampleOf(keys, 1000),
  owner,
});

async function start(): Promise<Latchkey> {
  return await startLatchkey({
    host: "127.0.0.1",
    port: 0,
    dataFolder: folder,
    remote: null,
    app: async () => (_request, response) => void response.end(),
    progress: () => ({ done() {} }),
  });
}
