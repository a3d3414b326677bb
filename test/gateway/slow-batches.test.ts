import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

const embedded = engines.filter(({ name }) => name === "embedded backend");

describe.each(embedded)("a batch that waits for slow hashes, on $name", (engine) => {
  let world: World;
  let verifier: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    verifier = (await world.createKey({ name: "judge", ownerKind: "service", permissions: ["keys:verify"] })).key;
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("E13 E27: judges its other keys by what holds when the wait is over", async () => {
    const slow = [0, 1, 2].map((index) => `acme-000${index}x${"s3cret".repeat(5)}`);
    const imported = await world.asOwner("POST", "/api/v1/keys/import", {
      items: slow.map((key, index) => ({
        name: `slow ${index}`,
        hash: { algorithm: "bcrypt", value: hashSync(key, 11) },
        prefix: "acme-",
        start: key.slice(0, 10),
        last4: key.slice(-4),
        ownerKind: "service",
        permissions: ["orders:read"],
      })),
    });
    expect(imported.status).toBe(200);
    const { id, key } = await world.createKey({ name: "revoked meanwhile", ownerKind: "service" });
    const order: string[] = [];
    const items = [key, ...slow].map((each) => ({ key: each }));
    const asking = world
      .call("POST", "/api/v1/keys/verify-batch", { key: verifier, body: { items } })
      .then((answer) => {
        order.push("batch");
        return answer;
      });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    order.push("revoke");
    const codes = ["REVOKED", "VALID", "VALID", "VALID"].map((code) => expect.objectContaining({ code }));
    expect((await asking).body).toMatchObject({ results: codes });
    // Otherwise nothing was shown.
    expect(order).toEqual(["revoke", "batch"]);
  });
});
