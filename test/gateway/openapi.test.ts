import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generatedFiles } from "../../scripts/generate-openapi.ts";
import document from "../../public/openapi.json" with { type: "json" };
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

test("the document is valid OpenAPI 3.1", async () => {
  const result = await new Validator().validate(structuredClone(document));
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
  expect(document.openapi).toBe("3.1.0");
});

test.each(Object.keys(generatedFiles()))("%s is what the router generates now", async (path) => {
  const text = await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  expect(text).toBe(generatedFiles()[path]);
});

test("every operation says what it is, what it answers and how it refuses", () => {
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  const names = operations.map(({ operationId }) => operationId);
  expect(names.toSorted((left, right) => left.localeCompare(right))).toEqual([
    "audit.export",
    "audit.list",
    "audit.verify",
    "health",
    "keys.create",
    "keys.delete",
    "keys.disable",
    "keys.enable",
    "keys.expire",
    "keys.get",
    "keys.list",
    "keys.revoke",
    "keys.rotate",
    "keys.verify",
    "keys.verifyBatch",
    "whoami",
  ]);
  for (const { summary, description, responses, security, tags } of operations) {
    expect(summary).toMatch(/\w/);
    expect(description).toMatch(/\w/);
    const statuses = Object.keys(responses);
    expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
    if (!tags.includes("System")) {
      expect(statuses).toEqual(expect.arrayContaining(["400", "401", "403", "422", "429", "500", "504"]));
      expect(security).toHaveLength(3);
    }
  }
});

describe.each(engines)("documents and health, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("the document is served as it is in public/", async () => {
    const answer = await world.call("GET", "/openapi.json");
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(document);
  });

  test("health answers anybody", async () => {
    expect(await world.call("GET", "/api/health")).toMatchObject({ status: 200, body: { status: "ok" } });
    expect(await world.call("GET", "/api/trpc/health")).toMatchObject({ status: 200 });
  });

  test("the public keys of our tokens are at the well-known address, and nothing private with them", async () => {
    const answer = await world.call("GET", "/.well-known/jwks.json");
    expect(answer.body).toMatchObject({ keys: [{ kty: "EC", crv: "P-256" }] });
    expect(JSON.stringify(answer.body)).not.toContain('"d"');
  });
});
