import { beforeAll, describe, expect, test, vi } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { ActionCtx } from "../../convex/_generated/server.js";
import type { KeyState } from "../../convex/model/verification/keyStates.ts";
import { openConvexTest } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";
import type { Person } from "./world.ts";

type Find = (text: string) => Promise<KeyState | null>;

describe("H10: the state of a key, by its stamp", () => {
  const { t, deployment } = openConvexTest();
  let admin: Person;

  beforeAll(async () => {
    admin = await (await createOrganization(deployment)).join("admin");
  });

  /** Finds keys in an action whose memory is not that of the queries which stamp their states, as on Convex Cloud. */
  async function elsewhere(use: (find: Find, ctx: ActionCtx) => Promise<void>): Promise<void> {
    vi.resetModules();
    const { findKey } = await import("../../convex/model/verification/verifyKey.ts");
    vi.resetModules();
    await t.action(async (ctx) => {
      await use(async (text) => await findKey(ctx, text), ctx);
      return null;
    });
  }

  test("is asked for once by a process that does not know it, and again only once it has changed", async () => {
    const { key, record } = await createKey(deployment, admin.caller, { name: "stamped" });
    await elsewhere(async (find, ctx) => {
      const queries = vi.spyOn(ctx, "runQuery");
      const found = await find(key);
      expect(found).toMatchObject({ keyId: record._id, name: "stamped", disabledAt: null });
      expect(queries).toHaveBeenCalledTimes(2);
      expect(await find(key)).toBe(found);
      expect(queries).toHaveBeenCalledTimes(3);
      await ctx.runMutation(internal.keys.disable, { caller: admin.caller, keyId: record._id });
      expect((await find(key))?.disabledAt).toEqual(expect.any(Number));
      expect(queries).toHaveBeenCalledTimes(5);
    });
  });

  test("is not asked for by a process that has stamped it itself", async () => {
    const { key } = await createKey(deployment, admin.caller, { name: "known" });
    const { findKey } = await import("../../convex/model/verification/verifyKey.ts");
    await t.action(async (ctx) => {
      const queries = vi.spyOn(ctx, "runQuery");
      expect(await findKey(ctx, key)).toMatchObject({ name: "known" });
      expect(queries).toHaveBeenCalledTimes(1);
      return null;
    });
  });

  test("cannot be changed by whoever has it", async () => {
    const { key } = await createKey(deployment, admin.caller, { name: "frozen", permissions: ["orders:read"] });
    await elsewhere(async (find) => {
      const found = await find(key);
      expect(() => found?.permissions.push("billing:write")).toThrow(TypeError);
    });
  });
});
