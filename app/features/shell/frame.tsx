import { Link } from "@tanstack/react-router";
import { Menu as MenuIcon, Search } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../components/button.tsx";
import { Kbd } from "../../components/kbd.tsx";
import { MenuHost } from "../../components/menu-host.ts";
import { Sheet } from "../../components/sheet.tsx";
import { useOrganization } from "../../lib/organization.ts";
import { modKey } from "../../lib/platform.ts";
import { AccountMenu } from "./account-menu.tsx";
import { ConnectionBar } from "./connection-bar.tsx";
import { navItems } from "./nav-items.ts";

type FrameProps = {
  /** The organization switcher. */
  switcher: ReactNode;
  onOpenPalette: () => void;
  onOpenShortcuts: () => void;
  children: ReactNode;
};

/** The rail beside the content; under 900 px a top bar with the rail in a sheet. */
export function Frame({ switcher, onOpenPalette, onOpenShortcuts, children }: FrameProps) {
  const t = useTranslations("shell");
  const [menuOpen, setMenuOpen] = useState(false);
  const [host, setHost] = useState<HTMLElement | null>(null);

  return (
    <MenuHost value={host}>
      <div className="min-h-dvh md:grid md:grid-cols-[232px_minmax(0,1fr)]">
        <a
          href="#content"
          className="fixed top-2 left-2 z-50 -translate-y-16 rounded-control bg-accent px-3 py-1.5 text-sm text-accent-text focus:translate-y-0"
        >
          {t("skip")}
        </a>
        <aside className="sticky top-0 hidden h-dvh flex-col gap-3 border-r border-border p-3 md:flex">
          {switcher}
          <PaletteButton onClick={onOpenPalette} />
          <Rail />
          <div className="mt-auto">
            <AccountMenu onOpenShortcuts={onOpenShortcuts} />
          </div>
        </aside>
        <header className="sticky top-0 z-20 flex h-13 items-center gap-1 border-b border-border bg-bg px-3 md:hidden">
          <Button variant="ghost" size="icon" aria-label={t("menu")} onClick={() => setMenuOpen(true)}>
            <MenuIcon strokeWidth={1.5} aria-hidden />
          </Button>
          <div className="min-w-0 flex-1">{switcher}</div>
          <Button variant="ghost" size="icon" aria-label={t("palette")} onClick={onOpenPalette}>
            <Search strokeWidth={1.5} aria-hidden />
          </Button>
        </header>
        <Sheet open={menuOpen} onClose={() => setMenuOpen(false)} title={t("product")} side="left">
          <div className="flex flex-1 flex-col p-3">
            <Rail onNavigate={() => setMenuOpen(false)} />
            <div className="mt-auto">
              <AccountMenu onOpenShortcuts={onOpenShortcuts} />
            </div>
          </div>
        </Sheet>
        <main id="content" tabIndex={-1} className="min-w-0 px-4 pt-6 pb-16 outline-none md:px-10 md:pt-9">
          <ConnectionBar />
          <div className="mx-auto max-w-[1120px]">{children}</div>
          <div ref={setHost} />
        </main>
      </div>
    </MenuHost>
  );
}

function Rail({ onNavigate }: { onNavigate?: () => void }) {
  const t = useTranslations("shell");
  const { slug } = useOrganization();
  return (
    <nav aria-label={t("navigation")} className="flex flex-col gap-0.5">
      {navItems.map(({ id, to, icon: Icon }) => (
        <Link
          key={id}
          to={to}
          params={{ slug }}
          onClick={onNavigate}
          className="flex h-8 items-center gap-2.5 rounded-control px-2 text-base text-muted transition-colors hover:bg-raised hover:text-text"
          activeProps={{ className: "bg-raised !text-text font-medium" }}
        >
          <Icon size={16} strokeWidth={1.5} aria-hidden />
          {t(`nav.${id}`)}
        </Link>
      ))}
    </nav>
  );
}

function PaletteButton({ onClick }: { onClick: () => void }) {
  const t = useTranslations("shell");
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex h-8 items-center gap-2.5 rounded-control border border-border bg-surface px-2 text-base text-muted transition-colors hover:bg-raised hover:text-text"
    >
      <Search size={16} strokeWidth={1.5} aria-hidden />
      <span className="flex-1 text-left">{t("palette")}</span>
      <span aria-hidden>
        <Kbd>{modKey} K</Kbd>
      </span>
    </button>
  );
}
