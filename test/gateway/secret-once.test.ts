import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "#convex/_generated/api.js";
import { KEY_PATTERN_SOURCE } from "../../convex/shared/keyFormat.ts";
import { engines } from "../convex/engines.ts";
import type { Engine } from "../convex/engines.ts";
import { Dice } from "../helpers/dice.ts";
import { documented } from "./document.ts";
import { toRequest } from "./operation-call.ts";
import { recipes } from "./recipe.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

const SEED = Number(process.env.LATCHKEY_SECRETS_SEED ?? Date.now() % 1_000_000);
const STEPS = 200;
const PAGE = { numItems: 200, cursor: null };

const operations = documented.filter(({ operationId }) => recipes.has(operationId));

// Everything in the text of an answer that looks like a key of ours, a signed token or what an invitation is accepted by.
const secretsIn = (text: string): string[] => [
  ...(text.match(new RegExp(KEY_PATTERN_SOURCE, "g")) ?? []),
  ...(text.match(/invite_[0-9A-Za-z]{43}/g) ?? []),
  ...(text.match(/eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g) ?? []),
];

const embedded = engines.filter(({ name }) => name === "embedded backend");

describe.each(embedded)(`a walk of seed ${SEED} over all operations, on $name`, (engine) => {
  const answers: string[] = [];
  let world: World;
  beforeAll(async () => {
    world = await openWorld(listening(engine, answers));
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("E4, E5, E14, E34: no path gives a secret a second time", { timeout: 120_000 }, async () => {
    const dice = new Dice(SEED);
    for (let step = 0; step < STEPS; step += 1) {
      const operation = dice.pick(operations);
      const recipe = recipes.get(operation.operationId);
      const input = await recipe?.input(world);
      const { path, body } = toRequest(operation, input ?? {});
      // The same again, as a client does that saw no answer.
      const headers = { "content-type": "application/json", "idempotency-key": `step-${step}` };
      for (let repeat = dice.below(3); repeat >= 0; repeat -= 1) {
        await world.call(operation.method, path, { cookie: world.owner.cookie, headers, body });
      }
      await recipe?.after?.(world);
    }
    const { organizationId, owner, deployment } = world;
    const live = await Promise.all([
      deployment.call(api.keys.list, { organizationId, includeDead: true, paginationOpts: PAGE }, owner.userId),
      deployment.call(api.audit.list, { organizationId, paginationOpts: PAGE }, owner.userId),
    ]);
    const times = new Map<string, number>();
    for (const answer of [...answers, ...live.map((result) => JSON.stringify(result))]) {
      for (const secret of new Set(secretsIn(answer))) times.set(secret, (times.get(secret) ?? 0) + 1);
    }
    expect(times.size).toBeGreaterThan(STEPS / 4);
    expect([...times].filter(([, count]) => count > 1)).toEqual([]);
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
