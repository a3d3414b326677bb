import { ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { api } from "../../convex/_generated/api.js";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import type { TestLatchkey } from "../helpers/latchkey.ts";

// Only a real server checks a token's signature, so this is not for both engines.
describe("the dashboard's token", () => {
  let latchkey: TestLatchkey;
  let token: string;
  let userId: string;

  beforeAll(async () => {
    latchkey = await startTestLatchkey();
    const signedUp = await fetch(`${latchkey.url}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: latchkey.url },
      body: JSON.stringify({ name: "Ada", email: "ada@example.com", password: "correct horse battery" }),
    });
    userId = z.object({ user: z.object({ id: z.string() }) }).parse(await signedUp.json()).user.id;
    const headers = { cookie: (signedUp.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "" };
    const answer = await fetch(`${latchkey.url}/api/auth/token`, { headers });
    ({ token } = z.object({ token: z.string() }).parse(await answer.json()));
  });
  afterAll(async () => await latchkey[Symbol.asyncDispose]());

  const ask = async (auth: string) => {
    const client = new ConvexHttpClient(latchkey.url, { skipConvexDeploymentUrlCheck: true });
    client.setAuth(auth);
    return await client.query(api.organizations.listMine, {});
  };

  test("is taken as its user's by the deployment, and nobody is without one", async () => {
    expect(await ask(token)).toEqual([]);
    const anonymous = new ConvexHttpClient(latchkey.url, { skipConvexDeploymentUrlCheck: true });
    expect(await anonymous.query(api.organizations.listMine, {})).toBeNull();
  });

  test("is refused when anything in it was changed", async () => {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const claims = z.record(z.string(), z.unknown()).parse(JSON.parse(fromBase64Url(payload)));
    expect(claims.sub).toBe(userId);
    const forge = (changed: object) => toBase64Url(JSON.stringify({ ...claims, ...changed }));
    const none = toBase64Url(JSON.stringify({ alg: "none", typ: "JWT" }));
    for (const forged of [
      [header, forge({ sub: "someone else" }), signature],
      [header, forge({ exp: 4_000_000_000 }), signature],
      [none, payload, ""],
      [header, payload, signature.slice(0, -4)],
    ]) {
      await expect(ask(forged.join("."))).rejects.toThrow();
    }
  });
});

function fromBase64Url(text: string): string {
  return Buffer.from(text, "base64url").toString();
}

function toBase64Url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
