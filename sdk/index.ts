import type { Operations } from "./operations.gen.ts";
import { operations } from "./operations.gen.ts";
import type { ClientOptions } from "./request.ts";
import { createCall } from "./request.ts";

export { LatchkeyConnectionError, LatchkeyError } from "./errors.ts";
export type * from "./operations.gen.ts";
export type { CallOptions, ClientOptions } from "./request.ts";

/**
 * A typed client of Latchkey's public API; runs wherever `fetch` does. Every operation throws LatchkeyError
 * when it is refused and LatchkeyConnectionError when no answer came.
 *
 * ```ts
 * const latchkey = createClient({ baseUrl: "https://keys.example.com", key: process.env.LATCHKEY_KEY });
 * const { valid, code } = await latchkey.keys.verify({ key: presented });
 * ```
 */
export function createClient(options: ClientOptions): Operations {
  return operations(createCall(options));
}
