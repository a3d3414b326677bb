import { expect, test } from "vitest";
import * as z from "zod";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import { createKey, createOrganization, signUp, succeed, textField } from "../helpers/person.ts";

const LogPage = z.object({ entries: z.array(z.object({ identifier: z.string() })), newCursor: z.number() });

test("E31 no list of keys runs anew because keys are used, limited or not; what shows their last use does", async () => {
  await using latchkey = await startTestLatchkey();
  const { url } = latchkey;
  const { CONVEX_SELF_HOSTED_URL: apiUrl = "", CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey = "" } = latchkey.cli;
  const person = await signUp(url);
  const organizationId = await createOrganization(person, "live");
  const limits = { quota: { limit: 1_000, refill: "daily" }, rateLimit: { limit: 1_000, windowMs: 60_000 } };
  const used = await createKey(person, { name: "used", ownerKind: "service", permissions: ["keys:verify"], ...limits });
  const session = await succeed(await person.request("GET", "/api/auth/get-session"));
  const userId = textField(Object(session).user, "id");

  const admin = async (path: string, args: Record<string, unknown>, as = "") => {
    const acting = as === "" ? "" : `:${btoa(JSON.stringify({ subject: as, issuer: url }))}`;
    const headers = { authorization: `Convex ${adminKey}${acting}`, "content-type": "application/json" };
    const body = JSON.stringify({ path, args, format: "convex_encoded_json" });
    return await succeed(await fetch(`${apiUrl}/api/function`, { method: "POST", headers, body }));
  };
  // As the open screens of a member ask: what nothing has changed is answered from the cache, without running.
  const look = async () => {
    const paginationOpts = { numItems: 50, cursor: null };
    await admin("keys:list", { organizationId, includeDead: false, paginationOpts }, userId);
    await admin("keys:get", { organizationId, keyId: used.id }, userId);
    await admin("usage:lastUsed", { organizationId, keyIds: [used.id] }, userId);
  };
  let cursor = 0;
  const runs = async (): Promise<string[]> => {
    const headers = { authorization: `Convex ${adminKey}` };
    const answer = await fetch(`${apiUrl}/api/stream_function_logs?cursor=${cursor}`, { headers });
    const page = LogPage.parse(await succeed(answer));
    cursor = page.newCursor;
    const names = page.entries.map(({ identifier }) => identifier.replace(".js", ""));
    return names.filter((name) => ["keys:list", "keys:get", "usage:lastUsed"].includes(name));
  };
  await runs();
  await look();
  await runs();

  for (let use = 0; use < 20; use += 1) {
    const headers = { "x-api-key": used.key, "content-type": "application/json" };
    const body = JSON.stringify({ key: used.key });
    await succeed(await fetch(`${url}/api/v1/keys/verify`, { method: "POST", headers, body }));
  }
  await admin("usage:flush", {});
  await look();
  expect(await runs()).toEqual(["usage:lastUsed"]);

  // A change of the key does run them anew, so that the silence above means something.
  await succeed(await person.request("POST", `/api/v1/keys/${used.id}/disable`, {}));
  await look();
  expect(await runs()).toEqual(expect.arrayContaining(["keys:list", "keys:get"]));
});
