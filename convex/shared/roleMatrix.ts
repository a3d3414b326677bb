import { VERB_PERMISSION, covers, limitToGrants, mayActOnKey, scopeOf } from "./permissions.ts";
import type { Grant, KeyVerb } from "./permissions.ts";
import { ROLES, grantsOf } from "./roles.ts";

// Who may do what to which key, as one table: the documentation shows it, and a test performs every cell of it over
// HTTP. It is worked out from what roles grant, by rules of its own, so that the test compares two things.

/** What can be done to a key, and asking whether one is good. */
export const MATRIX_VERBS = [
  "create",
  "read",
  "update",
  "disable",
  "enable",
  "expire",
  "revoke",
  "rotate",
  "delete",
  "verify",
] as const satisfies (KeyVerb | "verify")[];
export type MatrixVerb = (typeof MATRIX_VERBS)[number];

/** Whose key it is: the caller's own personal one, another member's, or a service key. */
export const MATRIX_OWNERS = ["own", "another's", "service"] as const;
export type MatrixOwner = (typeof MATRIX_OWNERS)[number];

/** What the call comes with. The personal key is that of the member, the service key one that a member answers for; both were given `keys:*`. */
export const MATRIX_CREDENTIALS = ["session cookie", "bearer session", "personal key", "service key"] as const;
export type MatrixCredential = (typeof MATRIX_CREDENTIALS)[number];

export type MatrixCase = { verb: MatrixVerb; owner: MatrixOwner; credential: MatrixCredential };

// These bring a key or a secret to life. A calling key does so for its own owner only.
const MAKING: ReadonlySet<MatrixVerb> = new Set(["create", "enable", "rotate"]);

/** Every case there is. */
export const MATRIX_CASES: readonly MatrixCase[] = MATRIX_CREDENTIALS.flatMap((credential) =>
  MATRIX_OWNERS.flatMap((owner) => MATRIX_VERBS.map((verb) => ({ credential, owner, verb }))),
);

/** Whether a member with these grants may do this. Keys that carry no rights of their own: nobody's ceiling is in the way. */
export function isAllowed(grants: readonly Grant[], { verb, owner, credential }: MatrixCase): boolean {
  switch (credential) {
    case "session cookie":
    case "bearer session":
      return mayBySession(grants, verb, owner);
    case "personal key":
      return mayByPersonalKey(grants, verb, owner);
    case "service key":
      // A principal of its own: what the member who answers for it may do plays no part.
      return !MAKING.has(verb) || owner === "service";
    default:
      return credential satisfies never;
  }
}

function mayBySession(grants: readonly Grant[], verb: MatrixVerb, owner: MatrixOwner): boolean {
  if (verb === "verify") return scopeOf(grants, "keys:verify") === "any";
  if (verb === "create") return reaches(grants, "create", owner);
  const key = { ownerKind: owner === "service" ? ("service" as const) : ("personal" as const), ownerUserId: owner };
  return mayActOnKey(grants, verb, key, "own");
}

/** The key is cut to what its member holds, and a member without rights has no working keys. */
function mayByPersonalKey(grants: readonly Grant[], verb: MatrixVerb, owner: MatrixOwner): boolean {
  const permissions = limitToGrants(["keys:*"], grants);
  if (verb === "verify") return covers(permissions, "keys:verify");
  if (!covers(permissions, VERB_PERMISSION[verb])) return false;
  return MAKING.has(verb) ? owner === "own" : reaches(grants, verb, owner);
}

function reaches(grants: readonly Grant[], verb: KeyVerb, owner: MatrixOwner): boolean {
  const scope = scopeOf(grants, VERB_PERMISSION[verb]);
  return scope === "any" || (scope === "own" && owner === "own");
}

/** The table in Markdown, for the roles that every organization has. */
export function roleMatrixMarkdown(): string {
  const rows = ROLES.flatMap((role) => [
    row(`${role}, signed in`, grantsOf([role]), "session cookie"),
    row(`${role}'s personal key`, grantsOf([role]), "personal key"),
  ]);
  return [
    `| Caller | ${MATRIX_VERBS.join(" | ")} |`,
    `| --- | ${MATRIX_VERBS.map(() => "---").join(" | ")} |`,
    ...rows,
    row("service key", [], "service key"),
  ].join("\n");
}

function row(caller: string, grants: readonly Grant[], credential: MatrixCredential): string {
  const cells = MATRIX_VERBS.map((verb) => {
    const owners = MATRIX_OWNERS.filter((owner) => isAllowed(grants, { verb, owner, credential }));
    if (owners.length === 0) return "–";
    return owners.length === MATRIX_OWNERS.length ? "all" : owners.join(", ");
  });
  return `| ${caller} | ${cells.join(" | ")} |`;
}
