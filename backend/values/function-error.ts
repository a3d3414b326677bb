import type { JsonValue } from "./json.ts";

/** What a function's failure looks like once it has left the function. */
export interface FunctionError {
  /** The error's class name, such as `Error` or `ConvexError`. */
  readonly name: string;
  readonly message: string;
  /** The payload of a ConvexError, in Convex JSON form; absent for every other error. */
  readonly data?: JsonValue;
  /** Stack frames as text, for development and logs; never sent in production. */
  readonly stack?: string;
}
