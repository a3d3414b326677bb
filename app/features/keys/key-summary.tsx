import { useFormatter, useTranslations } from "use-intl";

import { isLatchkeyPermission } from "#convex/shared/permissions.ts";

type KeySummaryProps = {
  permissions: readonly string[];
  /** Epoch ms; null while no valid date is chosen. */
  expiresAt: number | null;
  ownerKind: "personal" | "service";
  organization: string;
};

/** One sentence of what the key will be able to do, where, and until when. */
export function KeySummary({ permissions, expiresAt, ownerKind, organization }: KeySummaryProps) {
  const t = useTranslations("keys.create");
  const tPermission = useTranslations("permissions");
  const format = useFormatter();
  const abilities = permissions.map((permission) =>
    isLatchkeyPermission(permission) ? tPermission(`${permission}.ability`) : t("summaryOwn", { permission }),
  );
  const until = expiresAt === null ? t("summaryNoDate") : format.dateTime(expiresAt, { dateStyle: "long" });
  return (
    <p aria-live="polite" className="mb-1 line-clamp-3 w-full text-sm text-pretty text-muted">
      {abilities.length === 0
        ? t("summaryNothing", { organization, until })
        : t("summary", { abilities: format.list(abilities), organization, until })}
      {ownerKind === "personal" && abilities.length > 0 && ` ${t("summaryPersonal")}`}
    </p>
  );
}
