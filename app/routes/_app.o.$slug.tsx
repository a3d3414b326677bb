import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { createFileRoute, Outlet } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { BootScreen } from "../components/boot-screen.tsx";
import { ErrorView } from "../components/error-view.tsx";
import { ButtonLink } from "../components/link.tsx";
import { StateView } from "../components/state-view.tsx";
import { OrganizationSwitcher } from "../features/organizations/organization-switcher.tsx";
import { CommandPalette } from "../features/shell/command-palette.tsx";
import { Frame } from "../features/shell/frame.tsx";
import { ShortcutsDialog } from "../features/shell/shortcuts-dialog.tsx";
import { OrganizationContext, rememberOrganization } from "../lib/organization.ts";
import { useDebounced } from "../lib/use-debounced.ts";
import { useShortcut } from "../lib/use-shortcut.ts";

// A just created organization reaches the list by the live connection a moment after its page has opened.
const ARRIVAL_MS = 1500;

export const Route = createFileRoute("/_app/o/$slug")({ component: OrganizationLayout });

function OrganizationLayout() {
  const t = useTranslations("organizations");
  const { slug } = Route.useParams();
  const { data, error, refetch } = useQuery(convexQuery(api.organizations.listMine, {}));
  const [open, setOpen] = useState<"palette" | "shortcuts" | null>(null);
  const organization = data?.find((mine) => mine.slug === slug);
  const settledSlug = useDebounced(slug, ARRIVAL_MS);
  const [arriving, setArriving] = useState(true);

  useEffect(() => {
    const timer = setTimeout(() => setArriving(false), ARRIVAL_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (organization !== undefined) rememberOrganization(organization.slug);
  }, [organization]);
  useShortcut("mod+k", () => setOpen("palette"));
  useShortcut("?", () => setOpen("shortcuts"));

  if (error !== null) {
    return (
      <main>
        <ErrorView fullPage error={error} onRetry={() => void refetch()} />
      </main>
    );
  }
  if (data === undefined || data === null) return <BootScreen />;
  if (organization === undefined) {
    if (arriving || settledSlug !== slug) return <BootScreen />;
    return (
      <main>
        <StateView fullPage title={t("missingTitle")} actions={<ButtonLink to="/">{t("missingHome")}</ButtonLink>}>
          <p>{t("missingSentence", { slug })}</p>
        </StateView>
      </main>
    );
  }
  return (
    <OrganizationContext value={organization}>
      <Frame
        switcher={<OrganizationSwitcher current={organization} organizations={data} />}
        onOpenPalette={() => setOpen("palette")}
        onOpenShortcuts={() => setOpen("shortcuts")}
      >
        <Outlet />
      </Frame>
      <CommandPalette
        open={open === "palette"}
        onClose={() => setOpen(null)}
        organizations={data}
        onOpenShortcuts={() => setOpen("shortcuts")}
      />
      <ShortcutsDialog open={open === "shortcuts"} onClose={() => setOpen(null)} />
    </OrganizationContext>
  );
}
