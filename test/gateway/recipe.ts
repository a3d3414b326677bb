/// <reference types="vite/client" />
import { documented } from "./document.ts";
import type { Documented } from "./document.ts";
import type { World } from "./world.ts";

/** How to call one operation so that it is granted. The walk over all operations derives from it what is refused. */
export type Recipe = {
  /** The permissions of the calling key, just enough; null when any caller may call. */
  needs: readonly string[] | null;
  /** What a caller without them is told: FORBIDDEN, or NOT_FOUND when they are what lets it see the thing at all. */
  without?: "FORBIDDEN" | "NOT_FOUND";
  /** The operation's input, fields of the path among them. Called anew for every call, it first makes what the call needs. */
  input(world: World): Promise<Record<string, unknown>>;
  /** Takes back what a call has done that others would stumble over. */
  after?(world: World): Promise<void>;
  /** Who may call it, when not everybody who has the rights. */
  by?: "key" | "session";
};

/** By the operation's name, as `keys.create`. */
export type Recipes = Readonly<Record<string, Recipe>>;

let counter = 0;

/** A name that nothing else in these tests has. */
export function freshName(what: string): string {
  counter += 1;
  return `${what} ${counter}`;
}

const files = import.meta.glob<{ recipes: Recipes }>("./recipes/*.ts", { eager: true });

/** Those of all files in recipes/. */
export const recipes: ReadonlyMap<string, Recipe> = new Map(
  Object.values(files).flatMap((file) => Object.entries(file.recipes)),
);

/** An operation of the document with its recipe. */
export type Walked = { name: string; operation: Documented; recipe: Recipe };

/** All for which there is a recipe; test/gateway/every-operation.test.ts sees to it that there is one for each. */
export const walked: readonly Walked[] = documented.flatMap((operation) => {
  const recipe = recipes.get(operation.operationId);
  return recipe === undefined ? [] : [{ name: operation.operationId, operation, recipe }];
});

/** The status of success, of 200 and 201 the second: the first is then for a repetition. */
export function statusOf({ responses }: Documented): number {
  const statuses = Object.keys(responses).map(Number);
  return Math.max(...statuses.filter((status) => status < 300));
}
