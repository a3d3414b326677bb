import { internal } from "#convex/_generated/api.js";
import { textOf } from "./world.ts";
import type { Answer, Parts, Person, World } from "./world.ts";

const origin = { userId: null, request: { id: "test" } };
let counter = 0;

/** A name that nothing else has and others can refer to. */
export function fresh(what: string): string {
  counter += 1;
  return `${what}-${counter}`;
}

/** Somebody with a session who is in the world's organization. `role` is the membership's text. */
export async function join(world: World, role: string): Promise<Person> {
  const person = await world.signUp(fresh("joined"));
  const data = { organizationId: world.organizationId, userId: person.userId, role, createdAt: Date.now() };
  await world.deployment.call(internal.auth.store.create, { table: "member", data, origin });
  return person;
}

/** Makes a thing as the owner and answers its id. */
export async function make(world: World, path: string, body: Record<string, unknown>): Promise<string> {
  const answer = await world.asOwner("POST", `/api/v1/${path}`, body);
  if (answer.status !== 201) throw new Error(`${path} answers ${answer.status} ${JSON.stringify(answer.body)}`);
  return textOf(answer, "id");
}

/** A service key of the organization. */
export async function makeServiceKey(
  world: World,
  fields: Record<string, unknown> = {},
): Promise<{ id: string; key: string }> {
  return await world.createKey({ name: fresh("service"), ownerKind: "service", ...fields });
}

/** What verifying a key answers to the owner. */
export async function verify(world: World, key: string, question: Record<string, unknown> = {}): Promise<Answer> {
  return await world.asOwner("POST", "/api/v1/keys/verify", { key, ...question });
}

/** Whether a key passes for a permission, on a resource if one is named: the verdict's code. */
export async function verdict(world: World, key: string, permission: string, resource?: string): Promise<unknown> {
  return (await verify(world, key, { permission, ...(resource !== undefined && { resource }) })).body?.["code"];
}

/** The code with which a call is refused, or null. */
export async function refusal(world: World, method: string, path: string, parts: Parts): Promise<unknown> {
  const answer = await world.call(method, `/api/v1/${path}`, parts);
  return answer.status < 300 ? null : answer.body?.["code"];
}

export type Entry = { action: string; before: unknown; after: unknown; actor: unknown };

/** What the audit trail says was done to a thing, oldest first. Attempts that were refused are left out. */
export async function trailOf(world: World, target: string): Promise<Entry[]> {
  const { body } = await world.asOwner("GET", `/api/v1/audit?target=${target}&limit=200`);
  const items = body?.["items"];
  if (!Array.isArray(items)) throw new Error("no items");
  return items
    .filter(({ action }) => action !== "denied")
    .map(({ action, before, after, actor }) => ({ action, before: read(before), after: read(after), actor }))
    .toReversed();
}

function read(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

/** The names on all pages of a list. */
export async function namesOn(world: World, path: string, limit: number): Promise<unknown[]> {
  const names: unknown[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `limit=${limit}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await world.asOwner("GET", `/api/v1/${path}?${query}`);
    const items = body?.["items"];
    if (!Array.isArray(items) || items.length > limit) throw new Error(`a wrong page: ${JSON.stringify(body)}`);
    names.push(...items.map(({ name }) => name));
    const next = body?.["nextCursor"];
    cursor = typeof next === "string" ? next : null;
  } while (cursor !== null);
  return names;
}
