import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PROJECT } from "../../scripts/lib/program.ts";
import { startLatchkeyProcess } from "../helpers/latchkey-process.ts";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import { createKey, createOrganization, signUp, succeed } from "../helpers/person.ts";
import { createTeamProject } from "../helpers/team-project.ts";
import { copyTemplate } from "../helpers/template.ts";

let dataFolder: string;
beforeEach(async () => {
  dataFolder = await copyTemplate();
});
afterEach(async () => await rm(dataFolder, { recursive: true, force: true }));

/** What a version before the index by name left behind. Resolves to the key that may list the others. */
async function leaveOldStore(): Promise<string> {
  const schema = await readFile(join(PROJECT, "convex/schema.ts"), "utf8");
  const older = schema.replace('.index("by_name", ["organizationId", "nameKey"])\n', "");
  expect(older).not.toBe(schema);
  await using project = await createTeamProject({ "schema.ts": older });
  await using latchkey = await startTestLatchkey({ dataFolder, keep: true });
  await project.deploy(latchkey.cli);
  const person = await signUp(latchkey.url);
  await createOrganization(person, "upgrade");
  for (const name of ["one", "two", "three"]) await createKey(person, { name, ownerKind: "service" });
  return (await createKey(person, { name: "lister", ownerKind: "service", permissions: ["keys:read"] })).key;
}

test("E32: a version that adds an index to a large table starts on the store of the one before, and finds all by it", async () => {
  const lister = await leaveOldStore();
  // So that it pushes, as a version with other sources does.
  await rm(join(dataFolder, "deployed.stamp"));
  // From so many rows on the CLI asks whether to go on, and here is nobody to answer.
  const large = { CONVEX_MIN_DOCUMENTS_FOR_INDEX_BACKFILL_WARNING: "1" };
  await using latchkey = startLatchkeyProcess(["--port", "0", "--data", dataFolder], large);
  const url = await latchkey.ready();
  const answer = await fetch(`${url}/api/v1/keys?name=two`, { headers: { "x-api-key": lister } });
  expect(await succeed(answer)).toMatchObject({ items: [{ name: "two" }], nextCursor: null });
});
