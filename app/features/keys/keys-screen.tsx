import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { CatchBoundary, useParams, type ErrorComponentProps } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";
import { grantsAllow } from "#convex/shared/permissions.ts";
import { grantsOf, rolesOf } from "#convex/shared/roles.ts";

import { Button } from "../../components/button.tsx";
import { ErrorView } from "../../components/error-view.tsx";
import { TextLink } from "../../components/link.tsx";
import { PageHeader } from "../../components/page-header.tsx";
import { StateView } from "../../components/state-view.tsx";
import { useOrganization } from "../../lib/organization.ts";
import { useShortcut } from "../../lib/use-shortcut.ts";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { KeyActionDialog, type ChosenAction } from "./key-action-dialog.tsx";
import { KeysList } from "./keys-list.tsx";
import { SearchField } from "./search-field.tsx";
import { StatusFilter } from "./status-filter.tsx";
import { readStatuses, writeStatuses } from "./statuses.ts";
import { WhoGivesAccess } from "./who-gives-access.tsx";
import { UsingTheApi } from "./using-the-api.tsx";

/** What of the page stands in its address. */
export type KeysSearch = { q?: string; status?: string; dead?: boolean; create?: boolean };

type KeysScreenProps = { search: KeysSearch; onSearch: (change: KeysSearch) => void };

/** The page of an organization's keys: header, search, live list, and the dialogs that act on them. */
export function KeysScreen({ search, onSearch }: KeysScreenProps) {
  const t = useTranslations("keys");
  const { _id: organizationId, name: organizationName, role } = useOrganization();
  const { data: me, error, refetch } = useQuery(convexQuery(api.members.me, { organizationId }));
  const [chosen, setChosen] = useState<ChosenAction | null>(null);
  const { keyId: openKeyId } = useParams({ strict: false });
  const statuses = useMemo(() => readStatuses(search.status), [search.status]);
  // By the role, which is known before `me` is: the button must not push the page down a moment later.
  const mayCreate = grantsAllow(grantsOf(rolesOf(role)), "keys:create", true);
  const openCreate = () => onSearch({ create: true });
  useShortcut("c", () => {
    if (mayCreate) openCreate();
  });

  const createButton = (variant: "primary" | "secondary") =>
    mayCreate && (
      <Button variant={variant} onClick={openCreate}>
        <Plus strokeWidth={1.5} aria-hidden />
        {t("createKey")}
      </Button>
    );

  return (
    <>
      <PageHeader title={t("title")} sentence={t("sentence")} action={createButton("primary")} />
      {error !== null ? (
        <ErrorView error={error} onRetry={() => void refetch()} />
      ) : me === null || (me !== undefined && !me.permissions.includes("keys:read")) ? (
        <StateView title={t("forbiddenTitle")}>
          <p>
            {role === "suspended" ? (
              t("forbiddenSuspended", { organization: organizationName })
            ) : (
              <>
                {t("forbiddenSentence", { organization: organizationName })} <WhoGivesAccess />
              </>
            )}
          </p>
        </StateView>
      ) : (
        <>
          <div className="mb-3 flex flex-wrap items-center justify-between gap-x-4 gap-y-2.5">
            <SearchField value={search.q ?? ""} onChange={(q) => onSearch({ q: q === "" ? undefined : q })} />
            <StatusFilter value={statuses} onChange={(next) => onSearch({ status: writeStatuses(next) })} />
          </div>
          {/* A live query that fails throws while rendering; header, search and the rest of the page stay. */}
          <CatchBoundary getResetKey={() => `${organizationId} ${JSON.stringify(search)}`} errorComponent={ListError}>
            <KeysList
              filter={{ search: search.q ?? "", statuses, showDead: search.dead ?? false }}
              onShowDead={(dead) => onSearch({ dead: dead || undefined })}
              onClearFilter={() => onSearch({ q: undefined, status: undefined })}
              occupied={openKeyId !== undefined || search.create === true || chosen !== null}
              actor={me ?? null}
              onAction={(action, keyView) => setChosen({ action, keyView })}
              empty={
                <StateView
                  title={t("emptyTitle")}
                  actions={
                    <>
                      {createButton("secondary")}
                      <TextLink to="/docs">{t("emptyGuide")}</TextLink>
                    </>
                  }
                >
                  <p>{t("emptySentence")}</p>
                </StateView>
              }
            />
          </CatchBoundary>
          {me !== undefined && !mayCreate && (
            <p className="text-sm text-muted">
              {t("mayNotCreate")} <WhoGivesAccess />
            </p>
          )}
          <UsingTheApi />
        </>
      )}
      <CreateKeyDialog open={mayCreate && (search.create ?? false)} onClose={() => onSearch({ create: undefined })} />
      <KeyActionDialog chosen={chosen} onClose={() => setChosen(null)} />
    </>
  );
}

function ListError({ error, reset }: ErrorComponentProps) {
  return <ErrorView error={error} onRetry={reset} />;
}
