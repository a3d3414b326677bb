/* oxlint-disable jsx-a11y/prefer-tag-over-role -- A datalist cannot be styled, nor hold icons or actions. */
import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { useNavigate } from "@tanstack/react-router";
import { Building2, Keyboard, LogOut, Moon, Plus, Search, Sun, type LucideIcon } from "lucide-react";
import { useId, useState, type KeyboardEvent } from "react";
import { useTranslations } from "use-intl";

import { cn } from "../../lib/cn.ts";
import { useOrganization, type MyOrganization } from "../../lib/organization.ts";
import { useTheme } from "../../lib/theme.ts";
import { navItems } from "./nav-items.ts";
import { signOut } from "./sign-out.ts";

type Command = { id: string; label: string; icon: LucideIcon; run: () => void };

type CommandPaletteProps = {
  open: boolean;
  onClose: () => void;
  organizations: readonly MyOrganization[];
  onOpenShortcuts: () => void;
};

/** Type a few letters, press Enter: every page and action of the frame. */
export function CommandPalette({ open, onClose, ...props }: CommandPaletteProps) {
  const t = useTranslations("shell");
  return (
    <BaseDialog.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-backdrop" />
        <BaseDialog.Popup
          data-modal=""
          aria-label={t("palette")}
          className="fixed top-[min(18vh,140px)] left-1/2 z-40 flex max-h-[60vh] w-[calc(100vw-2rem)] max-w-[540px] -translate-x-1/2 flex-col overflow-hidden rounded-surface border border-border bg-float shadow-float outline-none"
        >
          <PaletteList onClose={onClose} {...props} />
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

function PaletteList({ onClose, organizations, onOpenShortcuts }: Omit<CommandPaletteProps, "open">) {
  const t = useTranslations("shell");
  const listId = useId();
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const commands = useCommands(organizations, onOpenShortcuts);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands.filter((command) => words.every((word) => command.label.toLowerCase().includes(word)));
  const active = found[Math.min(index, found.length - 1)];

  function run(command: Command | undefined) {
    if (command === undefined) return;
    onClose();
    command.run();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Enter") {
      run(active);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : found.length - 1;
      setIndex((Math.min(index, found.length - 1) + step) % Math.max(found.length, 1));
    } else {
      return;
    }
    event.preventDefault();
  }

  return (
    <>
      <div className="flex items-center gap-2.5 border-b border-border px-4">
        <Search size={16} strokeWidth={1.5} aria-hidden className="text-muted" />
        <input
          role="combobox"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={active === undefined ? undefined : `${listId}-${active.id}`}
          aria-label={t("palettePlaceholder")}
          placeholder={t("palettePlaceholder")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setIndex(0);
          }}
          onKeyDown={onKeyDown}
          className="h-12 min-w-0 flex-1 bg-transparent text-lg outline-none placeholder:text-muted"
        />
      </div>
      <div id={listId} role="listbox" aria-label={t("palette")} className="min-h-0 overflow-y-auto p-1.5">
        {found.map((command) => (
          <div
            key={command.id}
            id={`${listId}-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={command === active}
            // The keyboard acts through the input above, which holds the focus.
            onClick={() => run(command)}
            onKeyDown={onKeyDown}
            onPointerMove={() => setIndex(found.indexOf(command))}
            className={cn(
              "flex h-9 items-center gap-2.5 rounded-control px-2.5 text-base",
              command === active && "bg-raised",
            )}
          >
            <command.icon size={16} strokeWidth={1.5} aria-hidden className="text-muted" />
            <span className="min-w-0 truncate">{command.label}</span>
          </div>
        ))}
      </div>
      <output className={cn("text-sm text-muted", found.length === 0 && "px-4 pt-2 pb-5")}>
        {found.length === 0 && t("paletteEmpty", { text })}
      </output>
    </>
  );
}

function useCommands(organizations: readonly MyOrganization[], onOpenShortcuts: () => void): Command[] {
  const t = useTranslations("shell");
  const navigate = useNavigate();
  const organization = useOrganization();
  const [, setTheme] = useTheme();
  const { slug } = organization;

  const pages = navItems.map(({ id, to, icon }) => ({
    id,
    icon,
    label: t("goTo", { page: t(`nav.${id}`) }),
    run: () => void navigate({ to, params: { slug } }),
  }));
  const others = organizations
    .filter((other) => other._id !== organization._id)
    .map((other) => ({
      id: `organization-${other._id}`,
      icon: Building2,
      label: t("switchTo", { name: other.name }),
      run: () => void navigate({ to: "/o/$slug/keys", params: { slug: other.slug } }),
    }));
  return [
    {
      id: "create",
      icon: Plus,
      label: t("createKey"),
      run: () => void navigate({ to: "/o/$slug/keys", params: { slug }, search: { create: true } }),
    },
    ...pages,
    ...others,
    { id: "light", icon: Sun, label: t("useTheme", { theme: t("theme.light") }), run: () => setTheme("light") },
    { id: "dark", icon: Moon, label: t("useTheme", { theme: t("theme.dark") }), run: () => setTheme("dark") },
    { id: "shortcuts", icon: Keyboard, label: t("shortcuts.title"), run: onOpenShortcuts },
    { id: "sign-out", icon: LogOut, label: t("signOut"), run: () => void signOut() },
  ];
}
