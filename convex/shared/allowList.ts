import type { Checked } from "./limits.ts";

/**
 * Which resources a key may touch: entries `type:id`, `type:*` and `*:*`. No list at all allows every resource; an
 * empty one allows none, so that a list that lost its entries never opens up. Pure.
 */

export const ALLOW_LIST_MAX = 128;
export const RESOURCE_MAX_LENGTH = 161;

const EVERYTHING = "*:*";
const RESOURCE_PATTERN = /^[a-z][a-z0-9-]{0,31}:(?:[A-Za-z0-9._~-]{1,128}|\*)$/;

/** Whether this names one resource (`project:42`) or all of a type (`project:*`). */
export function isResource(text: string): boolean {
  return RESOURCE_PATTERN.test(text);
}

/** A key's list as it is stored: sorted, without repeats and without what a wildcard in it includes. */
export function checkAllowList(raw: readonly string[]): Checked<string[]> {
  const entries = new Set(raw);
  for (const entry of entries) {
    if (entry !== EVERYTHING && !isResource(entry)) {
      const shown = JSON.stringify(entry.slice(0, RESOURCE_MAX_LENGTH));
      return problem(`${shown} is no resource. Write it as type:id, type:* or *:*, for example project:42.`);
    }
  }
  const kept = [...entries].filter((entry) => !isSwallowed(entry, entries));
  if (kept.length > ALLOW_LIST_MAX) return problem(`Name at most ${ALLOW_LIST_MAX} resources.`);
  return { ok: true, value: kept.toSorted(byText) };
}

/** Whether a list allows a resource, or every resource of a type; null is no list. Example: `allows(["project:*"], "project:42")`. */
export function allows(list: readonly string[] | null, resource: string): boolean {
  if (list === null) return true;
  return list.includes(resource) || list.includes(wildcardOf(resource)) || list.includes(EVERYTHING);
}

/** The ids of a type that a list names, null when it allows all of them. Example: `idsAllowed(["project:42"], "project")`. */
export function idsAllowed(list: readonly string[] | null, type: string): string[] | null {
  const start = `${type}:`;
  if (list === null || allows(list, `${start}*`)) return null;
  return list.filter((entry) => entry.startsWith(start)).map((entry) => entry.slice(start.length));
}

/** Whether the `inner` list allows nothing that the `outer` one does not; null is no list. */
export function isWithinAllowList(inner: readonly string[] | null, outer: readonly string[] | null): boolean {
  return (inner ?? [EVERYTHING]).every((entry) => allows(outer, entry));
}

function isSwallowed(entry: string, entries: ReadonlySet<string>): boolean {
  if (entry === EVERYTHING) return false;
  const wildcard = wildcardOf(entry);
  return entries.has(EVERYTHING) || (entry !== wildcard && entries.has(wildcard));
}

function wildcardOf(resource: string): string {
  return `${resource.slice(0, resource.indexOf(":"))}:*`;
}

/** By code units, so that every machine sorts alike. */
function byText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function problem(text: string): { ok: false; problem: string } {
  return { ok: false, problem: text };
}
