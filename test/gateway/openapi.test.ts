import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generatedFiles } from "../../scripts/generate-openapi.ts";
import { operationsOf } from "../../convex/api/operations.ts";
import { appRouter } from "../../convex/api/router.ts";
import { engines } from "../convex/engines.ts";
import { documented, liveDocument, requireShape, securitySchemes } from "./document.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

test("T19 H19: the document is valid OpenAPI 3.1", async () => {
  const result = await new Validator().validate(structuredClone(liveDocument));
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
  expect(liveDocument["openapi"]).toBe("3.1.0");
});

test("T20: the document names every credential that the gateway takes", () => {
  expect(securitySchemes).toMatchObject({
    apiKey: { type: "apiKey", in: "header", name: "X-Api-Key" },
    bearer: { type: "http", scheme: "bearer" },
    session: { type: "apiKey", in: "cookie", name: "latchkey.session_token" },
  });
});

test("T19: operations have names of their own, and only what the router publishes is there", () => {
  const names = documented.map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names.toSorted()).toEqual(
    operationsOf(appRouter)
      .map(({ name }) => name)
      .toSorted(),
  );
});

const operations = documented.map((operation) => ({ name: operation.operationId, operation }));

test.each(operations)("T19 H19: $name says what it is, and shows it", ({ operation }) => {
  const { summary, description, requestBody, responses, parameters } = operation;
  expect(summary).toMatch(/^[A-Z].*[^.]$/);
  expect(description).toMatch(/^[A-Z`].*\.$/s);
  const input = requestBody?.content["application/json"];
  if (input !== undefined && (requestBody?.required === true || input.example !== undefined)) {
    requireShape(input.schema, input.example, `${operation.operationId}'s example`);
  }
  const shown = Object.entries(responses).flatMap(([status, { content }]) => {
    const success = Number(status) < 300 ? content?.["application/json"] : undefined;
    return success === undefined || (status === "200" && "201" in responses) ? [] : [success];
  });
  expect(shown).toHaveLength("204" in responses ? 0 : 1);
  for (const { schema, example } of shown) requireShape(schema, example, `${operation.operationId}'s answer`);
  const places = parameters.filter((parameter) => parameter.in === "path");
  expect(places.map(({ name }) => `{${name}}`)).toEqual(operation.path.match(/\{\w+\}/g) ?? []);
});

const guarded = operations.filter(({ operation }) => operation.security.length > 0);

const FOR_PEOPLE: ReadonlySet<string> = new Set([
  "invitations.preview",
  "invitations.accept",
  "keys.listMine",
  "sessions.list",
  "sessions.delete",
  "sessions.endOthers",
]);

test.each(guarded)("T20: $name lists its refusals and the credentials that it takes", ({ name, operation }) => {
  const expected = ["400", "401", "403", "404", "422", "429", "500", "504"];
  if (operation.requestBody !== undefined) expected.push("413", "415");
  expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(expected));
  const sessions = [{ bearer: [] }, { session: [] }];
  expect(operation.security).toEqual(FOR_PEOPLE.has(name) ? sessions : [{ apiKey: [] }, ...sessions]);
  expect(operation.responses["401"]?.headers).toHaveProperty("WWW-Authenticate");
  expect(operation.responses["429"]?.headers).toHaveProperty("Retry-After");
});

test("anybody may ask whether Latchkey can serve and report a leak, and nothing else", () => {
  const open = operations.filter(({ operation }) => operation.security.length === 0);
  expect(open.map(({ name }) => name)).toEqual(["leaks.report", "health"]);
});

test.each(Object.keys(generatedFiles()))("%s is what the router generates now", async (path) => {
  const text = await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  expect(text).toBe(generatedFiles()[path]);
});

describe.each(engines)("documents and health, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("T19 R11: the document is served", async () => {
    const answer = await world.call("GET", "/openapi.json");
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(liveDocument);
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
