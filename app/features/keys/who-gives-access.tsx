import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { useOrganization } from "../../lib/organization.ts";

/** A sentence that says who can give more rights, by name; nothing while the names are on their way. */
export function WhoGivesAccess() {
  const t = useTranslations("keys");
  const format = useFormatter();
  const { _id: organizationId } = useOrganization();
  const { data: names } = useQuery(convexQuery(api.members.admins, { organizationId }));
  if (names === undefined) return null;
  if (names === null || names.length === 0) return t("someoneGivesAccess");
  return t("whoGivesAccess", { names: format.list(names, { type: "disjunction" }) });
}
