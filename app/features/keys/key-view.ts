import type { FunctionReturnType } from "convex/server";

import type { api } from "#convex/_generated/api.js";

/** A key as lists and panels show it: never its secret; its status is derived by `keyStatus(key, now)`. */
export type KeyView = FunctionReturnType<typeof api.keys.list>["page"][number];
