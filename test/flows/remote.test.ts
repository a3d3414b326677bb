import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { startTestLatchkey, type TestLatchkey } from "../helpers/latchkey.ts";
import { freePort } from "../helpers/listen.ts";
import { createKey, createOrganization, signUp, succeed, textField, type Person } from "../helpers/person.ts";
import { startRemoteConvex, type RemoteConvex } from "../helpers/remote-convex.ts";

const Secrets = z.object({ proxySecret: z.string().min(40) });
const Audit = z.object({ page: z.array(z.object({ targetId: z.string(), ip: z.string().nullable() })) });

// Any Convex-compatible deployment will do as the remote one; here it is another embedded backend.
let there: RemoteConvex;
let here: TestLatchkey;
let person: Person;
let organizationId: string;

beforeAll(async () => {
  there = await startRemoteConvex();
  const dataFolder = await mkdtemp(join(tmpdir(), "latchkey-remote-"));
  // The origin that people open is one that the deployment cannot reach, as localhost is not from Convex Cloud.
  const port = await freePort();
  const publicUrl = `http://dashboard.invalid:${port}`;
  const allowedOrigins = `http://localhost:${port}`;
  here = await startTestLatchkey({ dataFolder, remote: there.deployment, port, publicUrl, allowedOrigins });
  here = { ...here, url: allowedOrigins, [Symbol.asyncDispose]: here[Symbol.asyncDispose] };
  person = await signUp(here.url);
  organizationId = await createOrganization(person, "remote");
});
afterAll(async () => {
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});

test("with a self-hosted Convex named, no backend is embedded: functions are pushed there and every path goes through", async () => {
  const { id, key } = await createKey(person, { name: "through the proxy", permissions: ["orders:read"] });
  const whoami = () => fetch(`${here.url}/api/v1/whoami`, { headers: { "x-api-key": key } });
  expect((await whoami()).status).toBe(200);
  expect((await fetch(`${here.url}/api/health`)).status).toBe(200);

  const client = new ConvexClient(here.url);
  try {
    // Signed in on the socket by a token whose keys the deployment has to fetch.
    client.setAuth(async () => textField(await succeed(await person.request("GET", "/api/auth/token")), "token"));
    const query = makeFunctionReference<"query">("keys:get");
    const revoked = new Promise((resolve, reject) => {
      client.onUpdate(query, { organizationId, keyId: id }, (view) => view?.revokedAt && resolve(view.name), reject);
    });
    await succeed(await person.request("POST", `/api/v1/keys/${id}/revoke`, {}));
    expect(await revoked).toBe("through the proxy");
  } finally {
    await client.close();
  }
  expect((await whoami()).status).toBe(401);
});

test("the deployment believes our proxy about a client's address, and nobody who calls it directly", async () => {
  const { proxySecret } = Secrets.parse(JSON.parse(await readFile(join(here.dataFolder, "secrets.json"), "utf8")));
  const forged = { "x-latchkey-peer": "203.0.113.66", "x-latchkey-forwarded-for": "203.0.113.67" };
  const { key } = await createKey(person, { name: "creator", permissions: ["keys:create"] });
  const client = new ConvexHttpClient(here.url);
  client.setAuth(textField(await succeed(await person.request("GET", "/api/auth/token")), "token"));
  let count = 0;
  /** The address that the deployment notes in the audit trail when a key is created by this way. */
  const seen = async (origin: string, headers: Record<string, string>) => {
    count += 1;
    const created = await fetch(`${origin}/api/v1/keys`, {
      method: "POST",
      headers: { ...headers, "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({ name: `made ${count}` }),
    });
    const targetId = textField(await succeed(created), "id");
    const args = { organizationId, paginationOpts: { numItems: 1, cursor: null } };
    const { page } = Audit.parse(await client.query(makeFunctionReference<"query">("audit:list"), args));
    expect(page[0]?.targetId).toBe(targetId);
    return page[0]?.ip;
  };
  expect(await seen(here.url, {})).toBe("127.0.0.1");
  expect(await seen(here.url, { ...forged, "x-latchkey-proxy-secret": "guessed" })).toBe("127.0.0.1");
  expect(await seen(there.siteUrl, forged)).toBeNull();
  expect(await seen(there.siteUrl, { ...forged, "x-latchkey-proxy-secret": "guessed" })).toBeNull();
  expect(await seen(there.siteUrl, { ...forged, "x-latchkey-proxy-secret": proxySecret })).toBe("203.0.113.66");
  expect(JSON.stringify(there.log)).not.toContain(proxySecret);
});
