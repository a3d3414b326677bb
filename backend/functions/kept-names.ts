// The helper that esbuild's `keepNames`, which the CLI sets, puts around every function.
const HELPER = /(\(([\w$]+), ([\w$]+)\) => )([\w$]+\(\2, "name", \{ value(?:: \3)?, configurable: (?:!0|true) \}\))/;

/**
 * A module's text in which the arrow functions that a call makes keep the name they have in the bundle. To give one its name of
 * the source costs a microsecond, and the server library makes some thirty for every call of an action. Functions and classes,
 * and whatever a module makes while it is evaluated, are named as before: those are what code tells apart by name.
 */
export function withCheapNames(source: string): string {
  if (!source.includes('"name", { value')) return source;
  return source.replace(HELPER, "((convex) => $1convex.isCalling && $2.prototype === void 0 ? $2 : $4)(Convex)");
}
