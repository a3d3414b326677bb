import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PERMISSIONS } from "../../convex/shared/permissions.ts";
import { engines } from "../convex/engines.ts";
import { documented, findDocumented } from "./document.ts";
import type { Documented } from "./document.ts";
import { toRequest, wrongInputs } from "./operation-call.ts";
import { freshName, recipes, statusOf, walked } from "./recipe.ts";
import type { Walked } from "./recipe.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, Parts, Person, World } from "./world.ts";

const UNKNOWN_ID = "k17c5r9t2w8x4z0b3m6n7p1q5s9v2y4d";
const MIB = 1024 * 1024;
const JSON_TYPE = { "content-type": "application/json" };

const guarded = walked.filter(({ operation }) => operation.security.length > 0);

test("T19: every operation is walked, and every recipe is of one", () => {
  const names = documented.map(({ operationId }) => operationId);
  const hints = names
    .filter((name) => !recipes.has(name))
    .map(
      (name) =>
        `in test/gateway/recipes/${name.includes(".") ? name.split(".")[0] : "callers"}.ts: "${name}": { needs, input }`,
    );
  if (hints.length > 0) throw new Error(`not walked; say how they are called\n${hints.join("\n")}`);
  expect([...recipes.keys()].filter((name) => !names.includes(name))).toEqual([]);
});

const embedded = engines.filter(({ name }) => name === "embedded backend");
describe.each(embedded)("on the $name", (engine) => {
  let world: World;
  let stranger: Person;
  beforeAll(async () => {
    world = await openWorld(engine);
    stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, `strangers-${process.pid}`);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const keyWith = async (permissions: readonly string[], more: object = {}) =>
    (await world.createKey({ name: freshName("walker"), ownerKind: "service", permissions, ...more })).key;

  const inputOf = async ({ recipe }: Walked) => await recipe.input(world);
  /** One call, whose answer the world holds against the document. */
  async function call({ operation }: Walked, input: Record<string, unknown>, parts: Parts): Promise<Answer> {
    const { path, body } = toRequest(operation, input);
    expect(findDocumented(operation.method, new URL(path, world.site).pathname)).toBe(operation);
    return await world.call(operation.method, path, { body, ...parts });
  }

  /** Whoever may make the call. */
  const asCaller = async ({ recipe }: Walked): Promise<Parts> =>
    recipe.by === "key" ? { key: await keyWith(recipe.needs ?? []), headers: JSON_TYPE } : bySession(world.owner);

  test.each(walked)("T19 T20 H19: $name answers as documented, whichever credential asks", async (one) => {
    const { operation, recipe } = one;
    if (operation.security.length === 0) {
      expect((await call(one, await inputOf(one), {})).status).toBe(statusOf(operation));
      return;
    }
    const credentials: Parts[] = [];
    if (recipe.by !== "session") {
      const key = await keyWith(recipe.needs ?? []);
      credentials.push({ key }, { headers: { authorization: `Bearer ${key}` } });
    }
    if (recipe.by !== "key") credentials.push(bySession(world.owner));
    for (const credential of credentials) {
      const answer = await call(one, await inputOf(one), credential);
      expect([answer.status, answer.body]).toEqual([statusOf(operation), answer.body]);
      await recipe.after?.(world);
    }
  });

  test.each(guarded)("T20 E23: $name is refused to whoever shows nothing, or nothing good", async (one) => {
    const input = await inputOf(one);
    const { id, key } = await world.createKey({ name: freshName("ended"), ownerKind: "service" });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`);
    expect(codeOf(await call(one, input, {}))).toEqual([401, "UNAUTHENTICATED"]);
    expect(codeOf(await call(one, input, { key: "lk_live_nothing" }))).toEqual([401, "UNAUTHENTICATED"]);
    expect(codeOf(await call(one, input, { key }))).toEqual([401, "KEY_REVOKED"]);
    const two = { key, headers: { authorization: `Bearer ${key}x` } };
    expect(codeOf(await call(one, input, two))).toEqual([400, "AMBIGUOUS_CREDENTIALS"]);
    if (!one.operation.parameters.some(({ name }) => name === "X-Organization-Id")) return;
    const elsewhere = { ...bySession(world.owner), headers: { ...JSON_TYPE, "x-organization-id": UNKNOWN_ID } };
    expect(codeOf(await call(one, input, elsewhere))).toEqual([404, "NOT_FOUND"]);
  });

  const needing = guarded.filter(({ recipe }) => recipe.needs !== null);
  test.each(needing)(
    "T20 T9: $name says which right it takes, and is refused to a key with all others",
    async (one) => {
      const { operation, recipe } = one;
      for (const permission of recipe.needs ?? []) expect(operation.description).toContain(`\`${permission}\``);
      const others = Object.keys(PERMISSIONS).filter((permission) => recipe.needs?.includes(permission) !== true);
      const answer = await call(one, await inputOf(one), { key: await keyWith(others) });
      expect(codeOf(answer)).toEqual(recipe.without === "NOT_FOUND" ? [404, "NOT_FOUND"] : [403, "FORBIDDEN"]);
    },
  );

  test.each(guarded)("T20: $name is refused to a key that has spent its rate, and says until when", async (one) => {
    const key = await keyWith(one.recipe.needs ?? [], { rateLimit: { limit: 1, windowMs: 3_600_000 } });
    expect((await world.call("GET", "/api/v1/whoami", { key })).status).toBe(200);
    const answer = await call(one, await inputOf(one), { key });
    expect(codeOf(answer)).toEqual([429, "RATE_LIMITED"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  const naming = guarded.filter(({ operation }) => pathParameters(operation).length > 0);
  test.each(naming)("T20 E12: $name finds neither what is missing nor what is another organization's", async (one) => {
    const input = await inputOf(one);
    const foreign = await call(one, input, bySession(stranger));
    expect(codeOf(foreign)).toEqual([404, "NOT_FOUND"]);
    for (const name of pathParameters(one.operation)) {
      const missing = await call(one, { ...input, [name]: UNKNOWN_ID }, await asCaller(one));
      expect(codeOf(missing)).toEqual([404, "NOT_FOUND"]);
      expect(textOf(missing, "detail")).toBe(textOf(foreign, "detail"));
    }
  });

  test.each(guarded)("T20: $name names each field that is wrong, and those that it does not know", async (one) => {
    const input = await inputOf(one);
    for (const wrong of wrongInputs(one.operation, input)) {
      const answer = await call(one, wrong.input, await asCaller(one));
      expect([wrong.field, ...codeOf(answer)]).toEqual([wrong.field, 422, "INVALID_INPUT"]);
      expect(JSON.stringify(answer.body?.["errors"])).toContain(`{"path":"${wrong.field}`);
    }
    const { path, body } = toRequest(one.operation, input);
    const inQuery = `${path}${path.includes("?") ? "&" : "?"}stray=1`;
    const parts = { ...(await asCaller(one)), ...(body !== undefined && { body: { ...body, stray: 1 } }) };
    const answer = await world.call(one.operation.method, body === undefined ? inQuery : path, parts);
    expect(codeOf(answer)).toEqual([422, "INVALID_INPUT"]);
    expect(answer.body?.["errors"]).toEqual([{ path: "stray", message: expect.stringMatching(/\w/) }]);
  });

  const taking = guarded.filter(({ operation }) => operation.requestBody !== undefined);
  test.each(taking)("T20 E21: $name takes a JSON body of a decent size, nothing else", async (one) => {
    const input = await inputOf(one);
    const key = await keyWith(one.recipe.needs ?? []);
    const sent = async (body: string, headers: Record<string, string>) =>
      codeOf(await call(one, input, { key, body, headers }));
    expect(await sent("{", JSON_TYPE)).toEqual([400, "MALFORMED_REQUEST"]);
    expect(await sent("[]", JSON_TYPE)).toEqual([400, "MALFORMED_REQUEST"]);
    expect(await sent("{}", { "content-type": "text/plain" })).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    expect(await sent(`{"x":"${"x".repeat(MIB)}"}`, JSON_TYPE)).toEqual([413, "BODY_TOO_LARGE"]);
  });

  const repeatable = guarded.filter(({ operation }) =>
    operation.parameters.some(({ name }) => name === "Idempotency-Key"),
  );
  test.each(repeatable)(
    "T20 E14: $name, asked again by the same Idempotency-Key, answers as documented",
    async (one) => {
      const input = await inputOf(one);
      const parts = { ...(await asCaller(one)), headers: { ...JSON_TYPE, "idempotency-key": freshName("walk") } };
      expect((await call(one, input, parts)).status).toBe(statusOf(one.operation));
      const again = await call(one, input, parts);
      expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([200, "true"]);
    },
  );
});

function bySession({ cookie }: Person): Parts {
  return { cookie, headers: JSON_TYPE };
}

function pathParameters({ parameters }: Documented): string[] {
  return parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
}

function codeOf({ status, body }: Answer): [number, unknown] {
  return [status, body?.["code"]];
}
