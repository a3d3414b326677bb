import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { createFileRoute, useNavigate } from "@tanstack/react-router";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { AuthCard } from "../components/auth-card.tsx";
import { TextLink } from "../components/link.tsx";
import { CreateOrganizationForm } from "../features/organizations/create-organization-form.tsx";
import { usePageTitle } from "../lib/use-page-title.ts";

export const Route = createFileRoute("/_app/new")({ component: NewOrganizationPage });

function NewOrganizationPage() {
  const t = useTranslations("organizations");
  const navigate = useNavigate();
  const { data } = useQuery(convexQuery(api.organizations.listMine, {}));
  usePageTitle(t("newTitle"));
  return (
    <AuthCard
      title={t("newTitle")}
      sentence={t("newSentence")}
      footer={data !== undefined && data !== null && data.length > 0 && <TextLink to="/">{t("back")}</TextLink>}
    >
      <CreateOrganizationForm onCreated={(slug) => void navigate({ to: "/o/$slug/keys", params: { slug } })} />
    </AuthCard>
  );
}
