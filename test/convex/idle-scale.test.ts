import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { KeyFilter } from "../../convex/model/keys/lists.ts";
import type { KeySnapshot } from "../../convex/model/keys/views.ts";
import { keyStatus } from "../../convex/shared/keyStatus.ts";
import { DAY_MS } from "../../convex/shared/limits.ts";
import { copyKey } from "../helpers/many-keys.ts";
import { copyTemplate } from "../helpers/template.ts";
import { deployOn } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";
import type { Person } from "./world.ts";

const COUNT = 1_200;
// A page looks at this many keys at most.
const LOOKED_AT = 500;

describe("a list of a thousand keys that died of disuse before the sweep has been there, on the embedded backend", () => {
  let folder: string;
  let deployment: Deployment;
  let owner: Person;

  beforeAll(async () => {
    folder = await copyTemplate();
    {
      await using filling = await deployOn(folder);
      owner = await (await createOrganization(filling)).join("owner");
      await createKey(filling, owner.caller, { name: "alive", ownerKind: "service" });
    }
    const createdAt = Date.now() - 3 * DAY_MS;
    // Every third was used since.
    await copyKey(folder, COUNT, (index) => ({
      key: { createdAt, idleExpiryMs: 2 * DAY_MS },
      usage: { lastUsedAt: index % 3 === 0 ? Date.now() : null },
    }));
    deployment = await deployOn(folder);
  });
  afterAll(async () => {
    await deployment[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function readAll(filter: KeyFilter): Promise<{ keys: KeySnapshot[]; pages: number }> {
    const keys: KeySnapshot[] = [];
    for (let cursor: string | null = null, pages = 1; ; pages += 1) {
      const wish = { caller: owner.caller, includeDead: false, filter, cursor, limit: 200, at: Date.now() };
      const page: { items: KeySnapshot[]; nextCursor: string | null } = await deployment.call(
        internal.keys.listForCaller,
        wish,
      );
      keys.push(...page.items);
      cursor = page.nextCursor;
      if (cursor === null) return { keys, pages };
    }
  }

  test("H14: leaves them out, and each page looks at a bounded number of keys", async () => {
    const { keys, pages } = await readAll({});
    expect(keys).toHaveLength(COUNT / 3 + 1);
    expect(new Set(keys.map(({ _id }) => _id)).size).toBe(keys.length);
    expect(keys.filter((key) => keyStatus(key, Date.now()) === "expired")).toEqual([]);
    expect(keys.at(-1)?.name).toBe("alive");
    expect(pages).toBe(Math.ceil((COUNT + 1) / LOOKED_AT));
  });

  test("H14: holds all of them and no other, when they are asked for", async () => {
    const { keys } = await readAll({ statuses: ["expired"] });
    expect(keys).toHaveLength((COUNT / 3) * 2);
    expect(keys.filter((key) => keyStatus(key, Date.now()) !== "expired")).toEqual([]);
  });
});
