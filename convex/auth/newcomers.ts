import { APIError } from "better-auth/api";
import { checkOrganizationSlug, checkTitle } from "../model/rights/definitions.ts";
import type { Checked } from "../shared/limits.ts";

type Rule = { fields: readonly string[]; checks: Record<string, (raw: string) => Checked<string>> };

// What better-auth lets in unchecked: names of any length with any characters, slugs that are no part of an address.
const RULES: Record<string, Rule | undefined> = {
  "/sign-up/email": {
    fields: ["name", "email", "password", "rememberMe", "callbackURL"],
    checks: { name: checkTitle },
  },
  "/organization/create": {
    fields: ["name", "slug", "keepCurrentActiveOrganization"],
    checks: { name: checkTitle, slug: checkOrganizationSlug },
  },
};

/**
 * Holds new users and organizations to the rules by which they are changed later. Answers the fields in the form in
 * which they are stored; null for other routes. Throws as better-auth does for wrong input: 400, VALIDATION_ERROR.
 */
export function checkNewcomer(path: string, body: unknown): Record<string, string> | null {
  const rule = RULES[path];
  if (rule === undefined || typeof body !== "object" || body === null) return null;
  const stray = Object.keys(body).find((field) => !rule.fields.includes(field));
  if (stray !== undefined) throw wrong(stray, "There is no such field.");
  const given = Object.entries(body).flatMap(([field, raw]: [string, unknown]) => {
    const check = rule.checks[field];
    // Another type is refused by better-auth itself.
    if (check === undefined || typeof raw !== "string") return [];
    const checked = check(raw);
    if (!checked.ok) throw wrong(field, checked.problem);
    return [[field, checked.value]];
  });
  return Object.fromEntries(given);
}

function wrong(field: string, problem: string): APIError {
  return new APIError("BAD_REQUEST", { code: "VALIDATION_ERROR", message: `[body.${field}] ${problem}` });
}
