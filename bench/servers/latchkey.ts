// Latchkey as `npm start` runs it, with as many keys in its table as the command line says. The keys are copies of two that were made
// over the API, written while the server is not running: a million creates over HTTP would take an hour.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLatchkey, type Latchkey } from "../../scripts/lib/latchkey.ts";
import { announce, type LatchkeyOwner } from "../child-server.ts";
import { httpGet, httpPost } from "../http-text.ts";
import { makeOwner } from "../owner.ts";
import { runInChild } from "../child-process.ts";
import { CHECKED_QUESTION, type Scenario, type ScenarioName } from "../scenarios.ts";
import type { SeededKeys, SeedOrder } from "../seed-process.ts";

// Every name can be taken once: thirteen seconds of warming up have a sixth of them, enough for 2,500 creates a second.
const NAMES = 200_000;

const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const first = await start();
const owner = await makeOwner(first.url);
await first[Symbol.asyncDispose]();

const order: SeedOrder = { folder, models: owner.models, count: Number(process.argv[2]) };
const keys = await runInChild<SeededKeys>("./seed-process.ts", order);

const latchkey = await start();
process.once("SIGTERM", () => void latchkey[Symbol.asyncDispose]().then(() => process.exit(0)));
announce({ port: latchkey.port, scenarios: scenariosOf(owner, keys), owner });

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

function scenariosOf(caller: LatchkeyOwner, { samples, spread }: SeededKeys): Record<ScenarioName, Scenario> {
  const headers = { "x-api-key": caller.key };
  const verify = (question: object) => httpPost("/api/v1/keys/verify", headers, question);
  const valid = { status: 200, expect: '"valid":true' };
  return {
    verify: { ...valid, requests: samples.checked.map((key) => verify({ key, ...CHECKED_QUESTION })) },
    limited: { ...valid, requests: samples.limited.map((key) => verify({ key })) },
    spread: { ...valid, requests: spread.map((key) => verify({ key, ...CHECKED_QUESTION })) },
    whoami: {
      requests: samples.plain.map((key) => httpGet("/api/v1/whoami", { "x-api-key": key })),
      status: 200,
      expect: '"type":"key"',
    },
    creates: {
      requests: Array.from({ length: NAMES }, (_nothing, index) =>
        httpPost("/api/v1/keys", headers, { name: `created ${index}`, permissions: ["orders:read"] }),
      ),
      status: 201,
      expect: '"key":"lk_live_',
    },
  };
}
