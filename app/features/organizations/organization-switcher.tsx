import { useNavigate } from "@tanstack/react-router";
import { Check, ChevronsUpDown, Plus } from "lucide-react";
import { useTranslations } from "use-intl";

import { Menu, MenuGroup, MenuItem, MenuSeparator } from "../../components/menu.tsx";
import { cn } from "../../lib/cn.ts";
import type { MyOrganization } from "../../lib/organization.ts";

type OrganizationSwitcherProps = { current: MyOrganization; organizations: readonly MyOrganization[] };

/** Says which organization is open and goes to another. */
export function OrganizationSwitcher({ current, organizations }: OrganizationSwitcherProps) {
  const t = useTranslations("organizations");
  const navigate = useNavigate();
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          className="flex h-9 w-full min-w-0 items-center gap-2 rounded-control px-2 text-left transition-colors hover:bg-raised data-popup-open:bg-raised"
        >
          <OrganizationMark name={current.name} />
          <span className="min-w-0 flex-1 truncate text-base font-semibold">{current.name}</span>
          <span className="sr-only">{t("switch")}</span>
          <ChevronsUpDown size={14} strokeWidth={1.5} aria-hidden className="shrink-0 text-muted" />
        </button>
      }
    >
      <MenuGroup label={t("yours")}>
        {organizations.map((organization) => (
          <MenuItem
            key={organization._id}
            onClick={() => void navigate({ to: "/o/$slug/keys", params: { slug: organization.slug } })}
          >
            <OrganizationMark name={organization.name} />
            <span className="max-w-56 min-w-0 flex-1 truncate">{organization.name}</span>
            <Check
              strokeWidth={1.5}
              aria-label={t("open")}
              className={cn(organization._id !== current._id && "invisible")}
            />
          </MenuItem>
        ))}
      </MenuGroup>
      <MenuSeparator />
      <MenuItem onClick={() => void navigate({ to: "/new" })}>
        <Plus strokeWidth={1.5} aria-hidden />
        {t("create")}
      </MenuItem>
    </Menu>
  );
}

function OrganizationMark({ name }: { name: string }) {
  const [first = ""] = name.trim();
  return (
    <span
      aria-hidden
      className="flex size-5 shrink-0 items-center justify-center rounded-[5px] bg-accent text-[11px] font-semibold text-accent-text uppercase"
    >
      {first}
    </span>
  );
}
