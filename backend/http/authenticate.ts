import type { IncomingMessage } from "node:http";
import { AccessError } from "../access/access-error.ts";
import type { AdminGate } from "../access/admin-key.ts";
import { ANONYMOUS, type Caller } from "../access/caller.ts";
import type { VerifiedToken } from "../identity/token-verifier.ts";
import { isJsonObject } from "../values/json.ts";

export interface Authentication {
  readonly adminKey: AdminGate;
  readonly verifyToken: (jwt: string) => Promise<VerifiedToken>;
}

/**
 * Who sends a request, by its Authorization header: `Convex <admin key>` or `Bearer <JWT>`.
 *
 * @throws AccessError or TokenError when it claims something that does not hold.
 */
export async function authenticate(req: IncomingMessage, { adminKey, verifyToken }: Authentication): Promise<Caller> {
  const header = req.headers.authorization;
  if (header === undefined || header === "") return ANONYMOUS;
  const [, scheme = "", credential = ""] = /^(\S+) +(.*)$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case "convex":
      return adminKey.require(credential);
    case "bearer": {
      const { identity, expiresAt } = await verifyToken(credential);
      return { type: "user", identity, expiresAt };
    }
    default:
      throw new AccessError(401, "BadAuthorization", "Authorization must be `Bearer <JWT>` or `Convex <admin key>`.");
  }
}

/**
 * Lets only an admin pass, by header or by `adminKey` in the body, where the CLI also puts it.
 *
 * @throws AccessError 401 without a key, 403 with a wrong one.
 */
export function requireAdmin(req: IncomingMessage, body: unknown, adminKey: AdminGate): void {
  const header = /^Convex +(.*)$/i.exec(req.headers.authorization ?? "")?.[1];
  const inBody = isJsonObject(body) && typeof body["adminKey"] === "string" ? body["adminKey"] : undefined;
  const presented = header ?? inBody;
  if (presented === undefined) throw new AccessError(401, "AdminKeyRequired", "This call needs an admin key.");
  adminKey.require(presented);
}
