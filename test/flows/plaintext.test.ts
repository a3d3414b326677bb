import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { rm } from "node:fs/promises";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterEach, expect, test } from "vitest";
import { startLatchkeyProcess } from "../helpers/latchkey-process.ts";
import { createKey, createOrganization, signUp, succeed, textField } from "../helpers/person.ts";
import { copyTemplate } from "../helpers/template.ts";

let folder: string | undefined;
afterEach(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test("E4 F2: a key's plaintext is in the answers to create and rotate and nowhere else: database, logs, other answers, audit", async () => {
  folder = await copyTemplate();
  await using latchkey = startLatchkeyProcess(["--port", "0", "--data", folder]);
  const url = await latchkey.ready();
  const answers: string[] = [];
  const note = async (answer: Response): Promise<Response> => {
    const copy = answer.clone();
    answers.push(`${answer.url} ${JSON.stringify([...answer.headers])} ${await copy.text()}`);
    return answer;
  };

  const person = await signUp(url);
  const organizationId = await createOrganization(person, "scan");
  const permissions = ["keys:verify", "keys:read"];
  const created = await createKey(person, { name: "scanned", ownerKind: "service", permissions });
  const { id } = created;
  const verify = async (key: string, subject: string) =>
    await note(
      await fetch(`${url}/api/v1/keys/verify`, {
        ...withKey(key),
        method: "POST",
        body: JSON.stringify({ key: subject }),
      }),
    );

  expect((await note(await fetch(`${url}/api/v1/whoami`, withKey(created.key)))).status).toBe(200);
  expect(await (await verify(created.key, created.key)).json()).toMatchObject({ valid: true });
  const flipped = created.key.slice(0, -1) + (created.key.endsWith("a") ? "b" : "a");
  await note(await fetch(`${url}/api/v1/whoami`, withKey(flipped)));
  await verify(created.key, flipped);
  const clash = { "x-api-key": created.key, authorization: `Bearer ${flipped}` };
  expect((await note(await fetch(`${url}/api/v1/whoami`, { headers: clash }))).status).toBe(400);
  await note(
    await fetch(`${url}/api/v1/keys`, { ...withKey(created.key), method: "POST", body: `{"name": "${created.key}` }),
  );

  const rotated = textField(
    await succeed(await person.request("POST", `/api/v1/keys/${id}/rotate`, { graceMs: 60_000 })),
    "key",
  );
  expect((await note(await fetch(`${url}/api/v1/whoami`, withKey(rotated)))).status).toBe(200);
  await note(await person.request("GET", `/api/v1/keys/${id}`));
  await note(await person.request("GET", "/api/v1/keys"));
  await note(await person.request("GET", "/api/auth/get-session"));
  await note(await person.request("POST", `/api/v1/keys/${id}/revoke`, { reason: "scanned" }));
  expect((await note(await fetch(`${url}/api/v1/whoami`, withKey(rotated)))).status).toBe(401);

  const client = new ConvexHttpClient(url);
  client.setAuth(textField(await succeed(await person.request("GET", "/api/auth/token")), "token"));
  const paginationOpts = { numItems: 50, cursor: null };
  for (const [name, args] of [
    ["keys:list", { organizationId, includeDead: true, paginationOpts }],
    ["keys:get", { organizationId, keyId: id }],
    ["audit:list", { organizationId, paginationOpts }],
  ] as const) {
    answers.push(JSON.stringify(await client.query(makeFunctionReference<"query">(name), args)));
  }

  const whileRunning = await readAll(folder);
  latchkey.child.kill("SIGTERM");
  expect(await latchkey.ended()).toBe(0);
  const places = {
    answers: Buffer.from(answers.join("\n")),
    "what it printed": Buffer.from(latchkey.output()),
    "the data folder while it ran": whileRunning,
    "the data folder afterwards": await readAll(folder),
  };
  for (const [place, bytes] of Object.entries(places)) {
    for (const key of [created.key, rotated]) {
      for (const form of formsOf(key)) expect([place, bytes.includes(form)]).toEqual([place, false]);
    }
  }
  // The scan does find what is there: the public start of the key.
  const start = created.key.slice(0, created.key.lastIndexOf("_"));
  for (const place of ["answers", "the data folder while it ran", "the data folder afterwards"] as const) {
    expect([place, places[place].includes(start)]).toEqual([place, true]);
  }
});

function withKey(key: string) {
  return { headers: { "x-api-key": key, "content-type": "application/json" } };
}

/** The secret as it is, parts of it, and as it would look encoded. */
function formsOf(key: string): string[] {
  const secret = key.slice(key.lastIndexOf("_") + 1);
  const bytes = Buffer.from(secret);
  return [
    secret,
    secret.slice(0, 16),
    secret.slice(8, 24),
    bytes.toString("hex"),
    bytes.toString("base64").slice(0, 24),
  ];
}

async function readAll(path: string): Promise<Buffer> {
  const names = await readdir(path);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(path, name)))));
}
