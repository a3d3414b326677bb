import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { ActionCtx } from "../../convex/_generated/server.js";
import { findKey } from "../../convex/model/verifyKey.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";
import type { Person } from "./world.ts";

// The functions of the embedded backend have a memory of their own, which is not this process's: here, as on Convex Cloud, who
// finds a key is another than the query that stamped its state.
describe.each(engines.slice(-1))("H10: the state of a key, by its stamp, from $name", (engine) => {
  let deployment: Deployment;
  let admin: Person;
  const queries: string[] = [];
  let ctx: ActionCtx;

  beforeAll(async () => {
    deployment = await engine.deploy();
    admin = await (await createOrganization(deployment)).join("admin");
    const calls = {
      runQuery: async (...[reference, args]: Parameters<Deployment["call"]>) => {
        queries.push(Object.keys(args).join());
        return await deployment.call(reference, args);
      },
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- finding a key takes nothing but queries
    ctx = calls as unknown as ActionCtx;
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  test("is asked for once by a process that does not know it, and again only once it has changed", async () => {
    const { key, record } = await createKey(deployment, admin.caller, { name: "stamped" });
    queries.length = 0;
    const found = await findKey(ctx, key);
    expect(found).toMatchObject({ keyId: record._id, name: "stamped", disabledAt: null });
    expect(queries).toHaveLength(2);
    expect(await findKey(ctx, key)).toBe(found);
    expect(queries).toHaveLength(3);
    await deployment.call(internal.keys.disable, { caller: admin.caller, keyId: record._id });
    expect((await findKey(ctx, key))?.disabledAt).toEqual(expect.any(Number));
    expect(queries).toHaveLength(5);
  });

  test("cannot be changed by whoever has it", async () => {
    const { key } = await createKey(deployment, admin.caller, { name: "frozen", permissions: ["orders:read"] });
    const found = await findKey(ctx, key);
    expect(() => found?.permissions.push("billing:write")).toThrow(TypeError);
  });
});
