import type { ValidatorJSON } from "convex/values";

/** A public function that a team has added to convex/, as far as calling it over HTTP goes. */
export type TeamFunction = {
  kind: "query" | "mutation" | "action";
  /** What a caller has to hold: `orders:list-open` for `listOpen` in convex/orders.ts. */
  permission: string;
  args: ValidatorJSON;
  /** Null when the function does not say what it returns. */
  returns: ValidatorJSON | null;
};

/** By the function's path as Convex spells it: `orders:listOpen`, `billing/invoices:create`. */
export type FunctionManifest = Readonly<Record<string, TeamFunction>>;
