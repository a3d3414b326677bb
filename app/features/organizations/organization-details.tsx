import type { FunctionReturnType } from "convex/server";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import type { api } from "#convex/_generated/api.js";

import { CopyLine } from "../../components/copy-line.tsx";
import { Skeleton } from "../../components/skeleton.tsx";
import { useOrganization } from "../../lib/organization.ts";

type OrganizationDetailsProps = { organization: FunctionReturnType<typeof api.organizations.get> | undefined };

/** What identifies the organization; skeletons in the same places while it loads (`undefined`). */
export function OrganizationDetails({ organization }: OrganizationDetailsProps) {
  const t = useTranslations("settings");
  const { role } = useOrganization();
  return (
    <dl className="divide-y divide-border rounded-surface border border-border bg-surface">
      <Row label={t("name")}>{organization?.name ?? <Skeleton className="h-4 w-40" />}</Row>
      <Row label={t("slug")} hint={t("slugHint")}>
        {organization ? <code>{organization.slug}</code> : <Skeleton className="h-4 w-32" />}
      </Row>
      <Row label={t("id")} hint={t("idHint")}>
        {organization ? (
          <CopyLine value={organization._id} what={t("id")} className="max-w-[420px]" />
        ) : (
          <Skeleton className="h-8 max-w-[420px]" />
        )}
      </Row>
      <Row label={t("role")} hint={t("roleHint")}>
        {t("roleName", { role })}
      </Row>
    </dl>
  );
}

function Row({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-6 gap-y-2 px-5 py-4 md:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <dt>
        <span className="text-base font-medium">{label}</span>
        {hint !== undefined && <span className="block text-sm text-muted">{hint}</span>}
      </dt>
      <dd className="min-w-0 self-center break-words">{children}</dd>
    </div>
  );
}
