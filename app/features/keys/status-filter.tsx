import { useTranslations } from "use-intl";

import type { KeyStatus } from "#convex/shared/keyStatus.ts";

import { statusIcons } from "./status-badge.tsx";
import { STATUSES } from "./statuses.ts";

type StatusFilterProps = { value: readonly KeyStatus[]; onChange: (statuses: KeyStatus[]) => void };

/** A chip per status; those that are pressed narrow the list to their keys, none shows all. */
export function StatusFilter({ value, onChange }: StatusFilterProps) {
  const t = useTranslations("keys");
  return (
    <fieldset aria-label={t("filterByStatus")} className="flex min-w-0 flex-wrap gap-1.5">
      {STATUSES.map((status) => {
        const Icon = statusIcons[status];
        const pressed = value.includes(status);
        return (
          <button
            key={status}
            type="button"
            aria-pressed={pressed}
            onClick={() => onChange(STATUSES.filter((each) => (each === status ? !pressed : value.includes(each))))}
            className="flex h-8 items-center gap-1.5 rounded-control border border-control/60 px-2.5 text-sm font-medium text-muted transition-colors select-none hover:bg-raised aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
          >
            <Icon size={14} strokeWidth={1.75} aria-hidden />
            {t(`status.${status}`)}
          </button>
        );
      })}
    </fieldset>
  );
}
