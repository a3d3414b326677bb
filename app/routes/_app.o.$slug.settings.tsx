import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { ErrorView } from "../components/error-view.tsx";
import { PageHeader } from "../components/page-header.tsx";
import { StateView } from "../components/state-view.tsx";
import { OrganizationDetails } from "../features/organizations/organization-details.tsx";
import { useOrganization } from "../lib/organization.ts";
import { usePageTitle } from "../lib/use-page-title.ts";

export const Route = createFileRoute("/_app/o/$slug/settings")({ component: SettingsPage });

function SettingsPage() {
  const t = useTranslations("settings");
  const { _id: organizationId } = useOrganization();
  const { data, error, refetch } = useQuery(convexQuery(api.organizations.get, { organizationId }));
  usePageTitle(t("title"));
  return (
    <>
      <PageHeader title={t("title")} sentence={t("sentence")} />
      {error !== null ? (
        <ErrorView error={error} onRetry={() => void refetch()} />
      ) : data === null ? (
        <StateView title={t("forbiddenTitle")}>
          <p>{t("forbiddenSentence")}</p>
        </StateView>
      ) : (
        <OrganizationDetails organization={data} />
      )}
    </>
  );
}
