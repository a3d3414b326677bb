import { createHash, timingSafeEqual } from "node:crypto";
import type { Identity } from "../values/identity.ts";
import { AccessError } from "./access-error.ts";
import type { Caller } from "./caller.ts";
import { decodeIdentity } from "./acting-identity.ts";

export type AdminCaller = Extract<Caller, { type: "admin" }>;

/** Decides who is an admin. */
export interface AdminGate {
  /** @throws AccessError when `presented` is not good. */
  require(presented: string): AdminCaller;
}

/** The gate of listeners that the world can reach: nobody is an admin there, whatever key they have. */
export const NO_ADMINS: AdminGate = {
  require: () => {
    throw new AccessError(403, "AdminNotAcceptedHere", "Admin calls are accepted on the backend's own listener only.");
  },
};

/** Knows the one admin key and reads the forms in which tools present it. */
export class AdminKey implements AdminGate {
  readonly #digest: Buffer;

  constructor(key: string) {
    this.#digest = digest(key);
  }

  /**
   * The admin behind `presented`: the key alone, or `<key>:<base64 of an identity's JSON>` to act as that user.
   *
   * @throws AccessError 403 when it is neither.
   */
  require(presented: string): AdminCaller {
    if (this.#matches(presented)) return { type: "admin", actingAs: null };
    // The key itself may hold colons, so only the last one can start an identity.
    const colon = presented.lastIndexOf(":");
    if (colon !== -1 && this.#matches(presented.slice(0, colon))) {
      return { type: "admin", actingAs: parseIdentity(presented.slice(colon + 1)) };
    }
    throw new AccessError(403, "BadDeployKey", "The provided deploy key was invalid for this deployment.");
  }

  #matches(presented: string): boolean {
    return timingSafeEqual(digest(presented), this.#digest);
  }
}

function parseIdentity(base64: string): Identity {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch (error) {
    throw new AccessError(400, "BadActingIdentity", "The acting identity is no base64 of JSON.", { cause: error });
  }
  return decodeIdentity(json);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
