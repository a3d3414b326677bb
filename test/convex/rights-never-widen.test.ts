import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { internal } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import type { Caller } from "../../convex/model/rights/callers.ts";
import { PERMISSIONS, covers, scopeOf } from "../../convex/shared/permissions.ts";
import type { Role } from "../../convex/shared/roles.ts";
import { Dice } from "../helpers/dice.ts";
import { engines } from "./engines.ts";
import type { Deployment, Engine } from "./engines.ts";
import { createKey, createOrganization, refusalOf, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const STEPS = 60;
const SEEDS = [1, 20, 300];

/** What may be asked for, and the single permissions by which two holders are compared. */
const WISHES = ["orders:read", "orders:write", "orders:*", "stock:read", "stock:*", "keys:create", "keys:read"].concat([
  "keys:rotate",
  "keys:update",
  "keys:*",
  "keys:verify",
  "audit:read",
]);
const PROBES = [
  ...Object.keys(PERMISSIONS),
  "orders:read",
  "orders:write",
  "orders:refund",
  "stock:read",
  "stock:write",
];
const ROLES: readonly Role[] = ["admin", "developer", "member"];

type Key = {
  keyId: Id<"keys">;
  plaintext: string;
  ownerKind: "personal" | "service";
  owner: Person;
  endsAt: number;
  as: Caller;
};
type Token = { of: Key; text: string; permissions: string[]; endsAt: number; as: Caller };
/** Whoever can do something: a person, a key, or a token of one. */
type Actor = { as: Caller; person?: Person; key?: Key; token?: Token };

/** People, keys and tokens that do things to each other at random, the same for the same seed. */
class Walk {
  readonly #deployment: Deployment;
  readonly #organization: Organization;
  readonly #dice: Dice;
  readonly #people: Person[] = [];
  readonly #keys: Key[] = [];
  readonly #tokens: Token[] = [];
  readonly done = { granted: 0, refused: 0 };

  private constructor(deployment: Deployment, organization: Organization, seed: number) {
    this.#deployment = deployment;
    this.#organization = organization;
    this.#dice = new Dice(seed);
  }

  static async begin(deployment: Deployment, seed: number): Promise<Walk> {
    const walk = new Walk(deployment, await createOrganization(deployment), seed);
    for (const role of ["owner", "admin", "developer", "member"] as const) {
      walk.#people.push(await walk.#organization.join(role));
    }
    return walk;
  }

  async step(): Promise<void> {
    const steps = [
      () => this.#create(),
      () => this.#create(),
      () => this.#edit(),
      () => this.#edit(),
      () => this.#rotate(),
      () => this.#exchange(),
      () => this.#demote(),
    ];
    await this.#dice.pick(steps)();
    await this.#requireNothingWidened();
  }

  /** Nobody grants what they do not hold. */
  async #create(): Promise<void> {
    const actor = this.#anybody();
    const before = await this.#held(actor);
    const ownerKind = this.#dice.pick(["personal", "service"] as const);
    const input = {
      permissions: this.#wishes(),
      ownerKind: actor.key === undefined && actor.token === undefined ? ownerKind : undefined,
      ...(this.#dice.chance(0.2) && { format: "jwt" as const }),
    };
    const made = await this.#attempt(createKey(this.#deployment, actor.as, input));
    if (made === null) return;
    const { record, key: plaintext, as } = made;
    const owner = this.#people.find(({ userId }) => userId === record.ownerUserId);
    if (owner === undefined) throw new Error("a key of somebody who is not here");
    const endsAt = record.expiresAt ?? Infinity;
    const key: Key = { keyId: record._id, plaintext, ownerKind: record.ownerKind, owner, endsAt, as };
    this.#keys.push(key);
    expect(endsAt, "outlives its maker").toBeLessThanOrEqual((actor.key ?? actor.token)?.endsAt ?? Infinity);
    expectWithin(await this.#effective(key), before.to(key.ownerKind), "created");
  }

  /** Nor by changing a key that is there. */
  async #edit(): Promise<void> {
    if (this.#keys.length === 0) return;
    const [actor, key] = [this.#anybody(), this.#dice.pick(this.#keys)];
    const before = await this.#held(actor);
    const changes = { permissions: this.#wishes() };
    const edited = await this.#attempt(
      this.#deployment.call(internal.keys.update, { caller: actor.as, keyId: key.keyId, changes }),
    );
    if (edited !== null) expectWithin(await this.#effective(key), before.to(key.ownerKind), "edited");
  }

  /** A new secret can do what the old one could, and its maker could have granted that. */
  async #rotate(): Promise<void> {
    if (this.#keys.length === 0) return;
    const [actor, key] = [this.#anybody(), this.#dice.pick(this.#keys)];
    const [before, could] = [await this.#held(actor), await this.#effective(key)];
    const graceMs = this.#dice.pick([0, 3_600_000]);
    const rotated = await this.#attempt(
      this.#deployment.call(internal.credentials.rotate, { caller: actor.as, keyId: key.keyId, graceMs }),
    );
    if (rotated === null) return;
    key.plaintext = rotated.key;
    expect(await this.#effective(key)).toEqual(could);
    expectWithin(could, before.to(key.ownerKind), "rotated");
  }

  /** A token carries a part of what its key holds. */
  async #exchange(): Promise<void> {
    if (this.#keys.length === 0) return;
    const key = this.#dice.pick(this.#keys);
    const could = await this.#effective(key);
    const permissions = this.#dice.chance(0.3) ? undefined : this.#wishes();
    const response = await this.#deployment.fetch("/api/v1/token", {
      method: "POST",
      headers: { "x-api-key": key.plaintext, "content-type": "application/json" },
      body: JSON.stringify({ audience: this.#deployment.siteUrl, permissions }),
    });
    if (!response.ok) {
      expect([401, 403]).toContain(response.status);
      this.done.refused += 1;
      return;
    }
    this.done.granted += 1;
    const answer = z.object({ token: z.string(), expiresAt: z.number() });
    const { token: text, expiresAt: endsAt } = answer.parse(await response.json());
    const carried = await this.#carried(text);
    expect(carried, "a fresh token is good").not.toBeNull();
    expectWithin(namesIn(carried ?? []), could, "exchanged");
    const narrowed = { narrowedTo: carried ?? [], narrowedUntil: endsAt };
    this.#tokens.push({ of: key, text, permissions: carried ?? [], endsAt, as: { ...key.as, ...narrowed } });
  }

  async #demote(): Promise<void> {
    const [, ...others] = this.#people;
    await this.#organization.setRole(this.#dice.pick(others), this.#dice.pick(ROLES));
  }

  /** What holds after every step: a personal key is within its owner, a token within its key and what it was made with. */
  async #requireNothingWidened(): Promise<void> {
    for (const key of this.#keys.filter(({ ownerKind }) => ownerKind === "personal")) {
      const owner = await this.#held({ as: key.owner.caller, person: key.owner });
      expectWithin(await this.#effective(key), owner.to("personal"), "personal key");
    }
    // The newest tell as much as all of them.
    for (const token of this.#tokens.slice(-3)) {
      const carried = await this.#carried(token.text);
      if (carried === null) continue;
      expectWithin(namesIn(carried), await this.#effective(token.of), "token within its key");
      expectWithin(namesIn(carried), namesIn(token.permissions), "token within itself");
    }
  }

  #anybody(): Actor {
    const actors: Actor[] = [
      ...this.#people.map((person) => ({ as: person.caller, person })),
      ...this.#keys.map((key) => ({ as: key.as, key })),
      ...this.#tokens.map((token) => ({ as: token.as, token })),
    ];
    return this.#dice.pick(actors);
  }

  #wishes(): string[] {
    return [...new Set(Array.from({ length: 1 + this.#dice.below(4) }, () => this.#dice.pick(WISHES)))];
  }

  async #attempt<Result>(work: Promise<Result>): Promise<Result | null> {
    let result: Result | null = null;
    const refusal = await refusalOf(work.then((value) => (result = value)));
    if (refusal === null) this.done.granted += 1;
    else this.done.refused += 1;
    if (refusal !== null) expect(["FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED", "INVALID_INPUT"]).toContain(refusal);
    return result;
  }

  /** What an actor holds now, at all and on the whole organization, which giving it to a service key takes. */
  async #held({ person, key, token }: Actor): Promise<{ to(ownerKind: "personal" | "service"): Set<string> }> {
    if (person !== undefined) {
      const { organizationId } = this.#organization;
      const { userId } = person;
      const grants = await this.#deployment.call(internal.sessions.grantsIn, { userId, organizationId });
      return {
        to: (ownerKind) =>
          new Set(
            PROBES.filter((probe) => {
              const scope = scopeOf(grants, probe);
              return ownerKind === "service" ? scope === "any" : scope !== null;
            }),
          ),
      };
    }
    if (key !== undefined) {
      const could = await this.#effective(key);
      return { to: () => could };
    }
    const carried = namesIn((token === undefined ? null : await this.#carried(token.text)) ?? []);
    return { to: () => carried };
  }

  async #effective(key: Key): Promise<Set<string>> {
    const state = await verify(this.#deployment, key.plaintext);
    if (state === null) throw new Error("a key that was made is not found");
    return state.ownerActive ? namesIn(state.permissions) : new Set();
  }

  /** What a token may do now, by its own word; null once it is refused. */
  async #carried(text: string): Promise<string[] | null> {
    const response = await this.#deployment.fetch("/api/v1/whoami", { headers: { authorization: `Bearer ${text}` } });
    if (response.status === 401) return null;
    return z.object({ permissions: z.array(z.string()) }).parse(await response.json()).permissions;
  }
}

function namesIn(permissions: readonly string[]): Set<string> {
  return new Set(PROBES.filter((probe) => covers(permissions, probe)));
}

function expectWithin(part: Set<string>, whole: Set<string>, what: string): void {
  expect([...part.difference(whole)], `${what}: beyond`).toEqual([]);
}

const CASES: { engine: Engine; name: string }[] = engines.map((engine) => ({ engine, name: engine.name }));

describe.each(CASES)("E8, E9, E11, E19: rights never widen, on $name", ({ engine }) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  test.each(SEEDS)(
    "create, edit, rotate, exchange and demote at random, seed %i",
    { timeout: 120_000 },
    async (seed) => {
      const walk = await Walk.begin(deployment, seed);
      for (let step = 0; step < STEPS; step += 1) await walk.step();
      // Both happen often, or the walk would show nothing.
      expect(walk.done.granted).toBeGreaterThan(STEPS / 6);
      expect(walk.done.refused).toBeGreaterThan(STEPS / 12);
    },
  );
});
