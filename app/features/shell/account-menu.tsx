import { CircleUser, Keyboard, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useTranslations } from "use-intl";

import { Menu, MenuChoice, MenuGroup, MenuItem, MenuSeparator } from "../../components/menu.tsx";
import { authClient } from "../../lib/auth-client.ts";
import { useTheme } from "../../lib/theme.ts";
import { signOut } from "./sign-out.ts";

const themes = [
  { id: "system", icon: Monitor },
  { id: "light", icon: Sun },
  { id: "dark", icon: Moon },
] as const;

/** Who is signed in, the theme, and the way out. */
export function AccountMenu({ onOpenShortcuts }: { onOpenShortcuts: () => void }) {
  const t = useTranslations("shell");
  const { data } = authClient.useSession();
  const [theme, setTheme] = useTheme();
  return (
    <Menu
      side="top"
      align="start"
      trigger={
        <button
          type="button"
          className="flex h-9 w-full min-w-0 items-center gap-2.5 rounded-control px-2 text-left text-base text-muted transition-colors hover:bg-raised hover:text-text data-popup-open:bg-raised"
        >
          <CircleUser size={16} strokeWidth={1.5} aria-hidden className="shrink-0" />
          <span className="min-w-0 flex-1 truncate">{data?.user.name}</span>
          <span className="sr-only">{t("account")}</span>
        </button>
      }
    >
      <div className="max-w-60 truncate px-2 pt-1.5 pb-1 text-sm text-muted">{data?.user.email}</div>
      <MenuSeparator />
      <MenuGroup label={t("theme.title")}>
        <MenuChoice
          label={t("theme.title")}
          value={theme}
          onChange={setTheme}
          options={themes.map(({ id, icon: Icon }) => ({
            value: id,
            label: t(`theme.${id}`),
            icon: <Icon strokeWidth={1.5} aria-hidden />,
          }))}
        />
      </MenuGroup>
      <MenuSeparator />
      <MenuItem onClick={onOpenShortcuts}>
        <Keyboard strokeWidth={1.5} aria-hidden />
        {t("shortcuts.title")}
      </MenuItem>
      <MenuItem onClick={() => void signOut()}>
        <LogOut strokeWidth={1.5} aria-hidden />
        {t("signOut")}
      </MenuItem>
    </Menu>
  );
}
