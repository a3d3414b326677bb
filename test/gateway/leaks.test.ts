import { createSign, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { engines } from "../convex/engines.ts";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import { listenForTest } from "../helpers/listen.ts";
import { createKey, createOrganization, signUp } from "../helpers/person.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

const PLACE = "https://example.com/acme/app/blob/main/.env";

/** Somebody who finds secrets: signs reports and publishes the keys that it signs with, counting who reads them. */
async function startScanner() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = publicKey.export({ type: "spki", format: "pem" });
  let reads = 0;
  const server = createServer((_request, response) => {
    reads += 1;
    response.end(JSON.stringify({ public_keys: [{ key_identifier: "first", key: pem, is_current: true }] }));
  });
  const { origin, close } = await listenForTest(server);
  return {
    url: origin,
    reads: () => reads,
    /** A report as it is sent: the signature is over these very bytes. */
    sign(report: unknown, identifier = "first") {
      const body = typeof report === "string" ? report : JSON.stringify(report);
      const signature = createSign("sha256").update(body).sign(privateKey, "base64");
      const headers = {
        "content-type": "application/json",
        "github-public-key-identifier": identifier,
        "github-public-key-signature": signature,
      };
      return { method: "POST", headers, body };
    },
    [Symbol.asyncDispose]: close,
  };
}

describe.each(engines)("a leaked key, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("E25: is ended by whoever shows it, and its organization sees why", async () => {
    const { id, key } = await world.createKey({ name: "leaked", ownerKind: "service" });
    const report = await world.call("POST", "/api/v1/leaks", { body: { key, foundAt: PLACE } });
    expect([report.status, report.body]).toEqual([200, { received: true }]);
    expect((await world.call("GET", "/api/v1/whoami", { key })).body?.code).toBe("KEY_REVOKED");
    const record = await world.asOwner("GET", `/api/v1/keys/${id}`);
    expect(record.body).toMatchObject({ status: "revoked", revokedBy: "latchkey", revokeReason: `Leaked: ${PLACE}` });
    const audit = await world.asOwner("GET", `/api/v1/audit?target=${id}&action=key.revoke`);
    expect(audit.body?.items).toMatchObject([{ actor: { type: "system" }, reason: `Leaked: ${PLACE}` }]);
  });

  test.each([
    ["half a character", "\ud800 and \u0000"],
    ["more than is kept, cut within a character", `${"x".repeat(299)}\u{1f511} and so on`],
    ["nothing but spaces", "   "],
  ])("E25: is ended when the place is %s", async (_what, foundAt) => {
    const { id, key } = await world.createKey({ name: `leaked ${foundAt.length}`, ownerKind: "service" });
    expect((await world.call("POST", "/api/v1/leaks", { body: { key, foundAt } })).status).toBe(200);
    expect((await world.asOwner("GET", `/api/v1/keys/${id}`)).body).toMatchObject({ status: "revoked" });
  });

  test("E25: an unknown text gets the same answer, and nothing else happens", async () => {
    const { key } = await world.createKey({ name: "whole", ownerKind: "service" });
    const flipped = key.slice(0, -1) + (key.endsWith("a") ? "b" : "a");
    for (const text of [flipped, "lk_live_nothing", "x"]) {
      const report = await world.call("POST", "/api/v1/leaks", { body: { key: text } });
      expect([report.status, report.body]).toEqual([200, { received: true }]);
    }
    expect((await world.call("GET", "/api/v1/whoami", { key })).status).toBe(200);
  });

  test("E25: a secret that was replaced ends nothing, one in its grace ends the key", async () => {
    const { id, key } = await world.createKey({ name: "replaced", ownerKind: "service" });
    const next = await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, {});
    await world.call("POST", "/api/v1/leaks", { body: { key } });
    expect((await world.call("GET", "/api/v1/whoami", { key: String(next.body?.key) })).status).toBe(200);
    const last = await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, { graceMs: 60_000 });
    await world.call("POST", "/api/v1/leaks", { body: { key: String(next.body?.key) } });
    expect((await world.call("GET", "/api/v1/whoami", { key: String(last.body?.key) })).body?.code).toBe("KEY_REVOKED");
  });

  test("E25, E22: whoever keeps reporting is told to wait", async () => {
    const statuses = new Set<number>();
    for (let attempt = 0; attempt < 8_000 && !statuses.has(429); attempt += 50) {
      const tries = Array.from({ length: 50 }, async () => {
        const answer = await world.deployment.fetch("/api/v1/leaks", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ key: "lk_live_nothing" }),
        });
        await answer.arrayBuffer();
        return answer.status;
      });
      for (const status of await Promise.all(tries)) statuses.add(status);
    }
    expect(statuses).toEqual(new Set([200, 429]));
  });
});

describe("reports of a scanner", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("E25: are taken when signed over their very bytes, and refused otherwise", async () => {
    await using scanner = await startScanner();
    await using latchkey = await startTestLatchkey();
    await setEnvironment(latchkey.cli, "LATCHKEY_LEAK_KEYS_URL", scanner.url);
    const person = await signUp(latchkey.url);
    await createOrganization(person, "scanned");
    const { key } = await createKey(person, { name: "found", ownerKind: "service" });
    const send = async (request: RequestInit) => await fetch(`${latchkey.url}/api/v1/leaks/github`, request);
    const isGood = async () =>
      (await fetch(`${latchkey.url}/api/v1/whoami`, { headers: { "x-api-key": key } })).status === 200;

    const report = [{ token: key, type: "latchkey_key", url: PLACE, source: "content" }, { token: "unknown" }];
    const signed = scanner.sign(report);
    const refused: RequestInit[] = [
      { ...signed, body: `${signed.body} ` },
      { ...signed, headers: { "content-type": "application/json" } },
      { ...signed, headers: { ...signed.headers, "github-public-key-signature": "MEUCIQ" } },
      { ...signed, headers: { ...signed.headers, "github-public-key-signature": "no base64 at all" } },
      scanner.sign(report, "another"),
      scanner.sign(report, "a third"),
    ];
    for (const request of refused) expect((await send(request)).status).toBe(401);
    expect(await isGood()).toBe(true);
    // Whoever invents names of keys does not make us ask for them again and again.
    expect(scanner.reads()).toBe(1);

    expect((await send(scanner.sign({ token: key }))).status).toBe(400);
    expect((await send(scanner.sign("["))).status).toBe(400);
    const many = Array.from({ length: 101 }, () => ({ token: key }));
    expect((await send(scanner.sign(many))).status).toBe(400);
    expect(await isGood()).toBe(true);

    const taken = await send(signed);
    expect([taken.status, await taken.json()]).toEqual([200, { received: 2 }]);
    expect(await isGood()).toBe(false);
    // The scanner sends again what it saw no answer to.
    expect((await send(signed)).status).toBe(200);
    expect(scanner.reads()).toBe(1);
  });

  test("E25: wait when the scanner's keys cannot be read", async () => {
    await using scanner = await startScanner();
    await using latchkey = await startTestLatchkey();
    await setEnvironment(latchkey.cli, "LATCHKEY_LEAK_KEYS_URL", "http://127.0.0.1:1/");
    const answer = await fetch(`${latchkey.url}/api/v1/leaks/github`, scanner.sign([]));
    expect([answer.status, (await answer.json()).code]).toEqual([503, "UNAVAILABLE"]);
  });
});

async function setEnvironment(cli: Readonly<Record<string, string>>, name: string, value: string): Promise<void> {
  const response = await fetch(`${cli["CONVEX_SELF_HOSTED_URL"]}/api/update_environment_variables`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Convex ${cli["CONVEX_SELF_HOSTED_ADMIN_KEY"]}`,
    },
    body: JSON.stringify({ changes: [{ name, value }] }),
  });
  if (!response.ok) throw new Error(`setting ${name} answers ${response.status} ${await response.text()}`);
}
