import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "#convex/_generated/api.js";
import { KEY_PATTERN_SOURCE } from "../../convex/shared/keyFormat.ts";
import { engines } from "../convex/engines.ts";
import type { Engine } from "../convex/engines.ts";
import { Dice } from "../helpers/dice.ts";
import { toRequest } from "./operation-call.ts";
import { statusOf, walked } from "./recipe.ts";
import type { Recipe } from "./recipe.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

const SEED = Number(process.env.LATCHKEY_SECRETS_SEED ?? Date.now() % 1_000_000);
// How often each operation comes; how many secrets a walk meets must not hang on the seed.
const ROUNDS = 3;
const PAGE = { numItems: 200, cursor: null };

// What looks like a key of ours, like what an invitation is accepted by, and like a signed token.
const SECRETS = {
  key: new RegExp(KEY_PATTERN_SOURCE, "g"),
  invitation: /invite_[0-9A-Za-z]{43}/g,
  token: /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g,
};

const embedded = engines.filter(({ name }) => name === "embedded backend");

describe.each(embedded)(`a walk of seed ${SEED} over all operations, on $name`, (engine) => {
  const answers: string[] = [];
  let world: World;
  beforeAll(async () => {
    world = await openWorld(listening(engine, answers));
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const credentialFor = async ({ by, needs }: Recipe, step: number) =>
    by === "key"
      ? { key: (await world.createKey({ name: `walker ${step}`, ownerKind: "service", permissions: needs ?? [] })).key }
      : { cookie: world.owner.cookie };

  test("E4, E5, E14, E34: no path gives a secret a second time", { timeout: 120_000 }, async () => {
    const dice = new Dice(SEED);
    const walk = Array.from({ length: ROUNDS }, () => dice.shuffle(walked)).flat();
    for (const [step, { name, operation, recipe }] of walk.entries()) {
      const { path, body } = toRequest(operation, await recipe.input(world));
      const headers = { "content-type": "application/json", "idempotency-key": `step-${step}` };
      const parts = { ...(await credentialFor(recipe, step)), headers, body };
      const first = await world.call(operation.method, path, parts);
      expect(first.status, name).toBe(statusOf(operation));
      // The same again, as a client does that saw no answer.
      for (let repeat = dice.below(3); repeat > 0; repeat -= 1) await world.call(operation.method, path, parts);
      await recipe.after?.(world);
    }
    const { organizationId, owner, deployment } = world;
    const live = await Promise.all([
      deployment.call(api.keys.list, { organizationId, includeDead: true, paginationOpts: PAGE }, owner.userId),
      deployment.call(api.audit.list, { organizationId, paginationOpts: PAGE }, owner.userId),
    ]);
    const texts = [...answers, ...live.map((result) => JSON.stringify(result))];
    for (const [kind, pattern] of Object.entries(SECRETS)) {
      const given = texts.flatMap((text) => Array.from(new Set(text.match(pattern))));
      // Otherwise the walk never met one, and nothing was shown.
      expect(given.length, kind).toBeGreaterThanOrEqual(ROUNDS);
      expect(given.filter((secret, index) => given.indexOf(secret) !== index)).toEqual([]);
    }
  });
});

/** The engine, with the head and text of every answer put on a list. */
function listening(engine: Engine, answers: string[]): Engine {
  return {
    name: engine.name,
    async deploy() {
      const deployment = await engine.deploy();
      return {
        siteUrl: deployment.siteUrl,
        call: async (...given) => await deployment.call(...given),
        rows: async (table) => await deployment.rows(table),
        async fetch(path, init) {
          const answer = await deployment.fetch(path, init);
          const text = await answer.clone().text();
          answers.push(`${JSON.stringify([...answer.headers])}\n${text}`);
          return answer;
        },
        [Symbol.asyncDispose]: async () => await deployment[Symbol.asyncDispose](),
      };
    },
  };
}
