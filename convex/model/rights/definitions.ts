import { v } from "convex/values";
import type { GenericValidator } from "convex/values";
import { latchkeyError } from "../../shared/errors.ts";
import type { FieldError } from "../../shared/errors.ts";
import { DESCRIPTION_MAX_LENGTH, checkName, checkText } from "../../shared/limits.ts";
import type { Checked } from "../../shared/limits.ts";
import { COMPOSITE_PATTERN } from "../../shared/permissions.ts";

// What the things that an organization defines have in common: permissions, roles, groups and licenses have a name
// that is unique among their kind, a description, and lists in the order of names.

/** Things on one page of a list. */
export const PAGE_MAX = 200;

/** What a list takes: the name that the page before ended with, and how many to give. */
export const pageArgs = { cursor: v.union(v.string(), v.null()), limit: v.number() };
export type PageWish = { cursor: string | null; limit: number };
export type Page<Item> = { items: Item[]; nextCursor: string | null };

export function vPage<Item extends GenericValidator>(item: Item) {
  return v.object({ items: v.array(item), nextCursor: v.union(v.string(), v.null()) });
}

/**
 * A page in the order of names: first what is built in, then what `readAfter` finds after a name. What comes and goes
 * meanwhile shifts nothing, because the cursor is the last name seen.
 */
export async function pageByName<Item extends { name: string }>(
  builtIn: readonly Item[],
  { cursor, limit }: PageWish,
  readAfter: (name: string, count: number) => Promise<Item[]>,
): Promise<Page<Item>> {
  const wanted = toPageSize(limit);
  const place = builtIn.findIndex(({ name }) => name === cursor);
  const first = cursor === null || place >= 0 ? builtIn.slice(place + 1, place + 2 + wanted) : [];
  // Every name sorts after the empty one.
  const last = cursor === null || place >= 0 ? "" : cursor;
  const own = first.length > wanted ? [] : await readAfter(last, wanted + 1 - first.length);
  return cutPage([...first, ...own], wanted, ({ name }) => name);
}

/** The first `wanted` items, and the cursor when there were more. */
export function cutPage<Item>(found: Item[], wanted: number, cursorOf: (item: Item) => string): Page<Item> {
  const items = found.slice(0, wanted);
  const last = items.at(-1);
  return { items, nextCursor: found.length > wanted && last !== undefined ? cursorOf(last) : null };
}

export function toPageSize(limit: number): number {
  return Math.max(1, Math.min(Math.floor(limit), PAGE_MAX));
}

/** A name by which others refer to a thing. */
export function checkSlug(raw: string): Checked<string> {
  if (COMPOSITE_PATTERN.test(raw)) return { ok: true, value: raw };
  return { ok: false, problem: "Use 1 to 32 lower-case letters, digits and hyphens, and begin with a letter." };
}

/** By what addresses and the header X-Organization-Id name an organization. */
export function checkOrganizationSlug(raw: string): Checked<string> {
  if (/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(raw)) return { ok: true, value: raw };
  return { ok: false, problem: "Use 1 to 40 lower-case letters, digits and hyphens, and no hyphen at the ends." };
}

/** A name for people, as for a key. */
export function checkTitle(raw: string): Checked<string> {
  if (raw.trim() === "") return { ok: false, problem: "Give it a name." };
  const checked = checkName(raw);
  return checked.ok ? { ok: true, value: checked.value.name } : checked;
}

export function checkDescription(raw: string): Checked<string> {
  return checkText(raw, DESCRIPTION_MAX_LENGTH);
}

/** Gathers what is wrong, field by field, so that a form can mark all of it at once. */
export class Fields {
  readonly wrong: FieldError[] = [];

  /** The value when it is right. What is wrong is noted, and `otherwise` given so that checking can go on. */
  take<Value>(path: string, checked: Checked<Value>, otherwise: Value): Value {
    if (checked.ok) return checked.value;
    this.wrong.push({ path, message: checked.problem });
    return otherwise;
  }

  refuse(path: string, message: string): void {
    this.wrong.push({ path, message });
  }

  /** Throws INVALID_INPUT when anything was wrong. */
  throwIfWrong(message: string): void {
    if (this.wrong.length > 0) throw latchkeyError("INVALID_INPUT", message, this.wrong);
  }
}

/** The refusal of an id that is missing or foreign, in the same words whatever it is the id of. */
export function missing(): Error {
  return latchkeyError("NOT_FOUND", "There is nothing of this id. It may have been deleted, or belong elsewhere.");
}

/** The refusal of a name that another one of the kind has. */
export function nameTaken(noun: string, name: string): Error {
  return latchkeyError("NAME_TAKEN", `There is already a ${noun} called ${name}. Choose another name.`, [
    { path: "name", message: "This name is taken." },
  ]);
}

/** The refusal of one more than an organization may have. */
export function tooMany(nouns: string, max: number): Error {
  return latchkeyError("CONFLICT", `An organization may have ${max} ${nouns}. Delete one that nobody needs.`);
}
