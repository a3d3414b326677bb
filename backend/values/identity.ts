import type { JsonValue } from "./json.ts";

/** The verified end user a call runs for: what `ctx.auth.getUserIdentity()` returns, claims included. */
export interface Identity {
  /** Issuer and subject joined by `|`; unique over all providers. */
  readonly tokenIdentifier: string;
  readonly subject: string;
  readonly issuer: string;
  readonly [claim: string]: JsonValue;
}
