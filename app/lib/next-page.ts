/**
 * The page to go to after signing in, from an untrusted address: only a path of this origin counts, so that a
 * crafted link cannot send a freshly signed-in person elsewhere ("//host" and "/\host" leave the origin).
 */
export function toNext(value: unknown): { next?: string } {
  return typeof value === "string" && /^\/(?![/\\])/.test(value) ? { next: value } : {};
}
