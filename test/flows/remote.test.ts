import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findRemoteDeployment } from "../../server/remote-deployment.ts";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import { createKey, createOrganization, signUp, succeed, textField } from "../helpers/person.ts";

test("with a self-hosted Convex named, no backend is embedded: functions are pushed there and every path goes through", async () => {
  // Any Convex-compatible deployment will do as the remote one; here it is another embedded backend.
  await using there = await startTestLatchkey();
  const dataFolder = await mkdtemp(join(tmpdir(), "latchkey-remote-"));
  const remote = findRemoteDeployment(there.cli);
  if (remote === null) throw new Error("the environment names no deployment");
  await using here = await startTestLatchkey({ dataFolder, remote });

  const person = await signUp(here.url);
  const organizationId = await createOrganization(person, "remote");
  const { id, key } = await createKey(person, { name: "through the proxy", permissions: ["orders:read"] });
  const whoami = () => fetch(`${here.url}/api/v1/whoami`, { headers: { "x-api-key": key } });
  expect((await whoami()).status).toBe(200);
  expect((await fetch(`${here.url}/api/health`)).status).toBe(200);

  const client = new ConvexClient(here.url);
  try {
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
