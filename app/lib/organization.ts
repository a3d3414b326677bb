import type { FunctionReturnType } from "convex/server";
import { createContext, useContext } from "react";

import type { api } from "#convex/_generated/api.js";

/** One of the organizations of who is signed in, with their role in it. */
export type MyOrganization = NonNullable<FunctionReturnType<typeof api.organizations.listMine>>[number];

export const OrganizationContext = createContext<MyOrganization | null>(null);

/** The organization whose pages are open. Throws outside of them. */
export function useOrganization(): MyOrganization {
  const organization = useContext(OrganizationContext);
  if (organization === null) throw new Error("useOrganization is for the pages of an organization.");
  return organization;
}

const LAST_KEY = "latchkey.organization";

/** Remembers which organization was open, so that the next visit starts there. */
export function rememberOrganization(slug: string): void {
  try {
    localStorage.setItem(LAST_KEY, slug);
  } catch {
    // Storage is blocked: the next visit starts at the first organization.
  }
}

/** The slug of the organization that was open last on this machine, or null. */
export function lastOrganization(): string | null {
  try {
    return localStorage.getItem(LAST_KEY);
  } catch {
    return null;
  }
}
