import { hashSync } from "bcryptjs";
import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { eventually, deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";
import type { Person } from "./world.ts";

let counter = 0;

describe.each(engines)("deleted secrets of imported keys, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  async function importOne({ caller }: Person, algorithm: "sha256-base64url" | "bcrypt") {
    counter += 1;
    const key = `acme-${String(counter).padStart(8, "0")}-${"s3cret".repeat(5)}`;
    const value = algorithm === "bcrypt" ? hashSync(key, 4) : sha256Base64Url(key);
    const item = { name: key, foreignPrefix: "acme-", start: key.slice(0, 13), keyIdText: `imported${counter}` };
    const items = [{ ...item, ownerKind: "service" as const, hash: { algorithm, value } }];
    const [result] = await deployment.call(internal.imports.insert, { caller, items });
    if (result?.outcome !== "created") throw new Error(`not imported: ${JSON.stringify(result)}`);
    return { keyId: result.view._id, hash: sha256Base64Url(key) };
  }
  const purge = async ({ caller }: Person, keyId: string) => {
    await deployment.call(internal.keys.revoke, { caller, keyId });
    await deployment.call(internal.keys.remove, { caller, keyId });
  };
  const remembered = async () => new Set((await deployment.rows("deletedSecrets")).map((row) => row["hash"]));

  test("E29: are remembered while a slow hash waits that was there before, and no others", async () => {
    const owner = await (await createOrganization(deployment)).join("owner");
    await purge(owner, (await importOne(owner, "sha256-base64url")).keyId);
    expect(await remembered()).toEqual(new Set([]));

    const first = await importOne(owner, "bcrypt");
    const [one, two] = [await importOne(owner, "sha256-base64url"), await importOne(owner, "sha256-base64url")];
    await purge(owner, one.keyId);
    await purge(owner, (await createKey(deployment, owner.caller)).record._id);
    const second = await importOne(owner, "bcrypt");
    await purge(owner, two.keyId);
    await deployment.call(internal.retention.sweepSecrets, {});
    expect(await remembered()).toEqual(new Set([one.hash, two.hash]));

    await purge(owner, first.keyId);
    await deployment.call(internal.retention.sweep, {});
    await eventually(async () => expect(await remembered()).toEqual(new Set([two.hash])));
    await purge(owner, second.keyId);
    await deployment.call(internal.retention.sweep, {});
    await eventually(async () => expect(await remembered()).toEqual(new Set([])));
  });
});
