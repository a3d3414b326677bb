import { createFileRoute, Outlet } from "@tanstack/react-router";
import { useTranslations } from "use-intl";

import { KeysScreen, type KeysSearch } from "../features/keys/keys-screen.tsx";
import { readStatuses, writeStatuses } from "../features/keys/statuses.ts";
import { usePageTitle } from "../lib/use-page-title.ts";

export const Route = createFileRoute("/_app/o/$slug/keys")({
  validateSearch: (search): KeysSearch => ({
    q: typeof search.q === "string" && search.q !== "" ? search.q : undefined,
    status: typeof search.status === "string" ? writeStatuses(readStatuses(search.status)) : undefined,
    dead: search.dead === true || undefined,
    create: search.create === true || undefined,
  }),
  component: KeysPage,
});

/** The list stays where it is while a key's panel opens and closes over it. */
function KeysPage() {
  const t = useTranslations("keys");
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  usePageTitle(t("title"));
  return (
    <>
      <KeysScreen
        search={search}
        onSearch={(change) =>
          void navigate({ to: ".", search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
        }
      />
      <Outlet />
    </>
  );
}
