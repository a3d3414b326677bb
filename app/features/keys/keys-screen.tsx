import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { CatchBoundary, type ErrorComponentProps } from "@tanstack/react-router";
import { Plus, Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { Button } from "../../components/button.tsx";
import { ErrorView } from "../../components/error-view.tsx";
import { Input } from "../../components/input.tsx";
import { TextLink } from "../../components/link.tsx";
import { PageHeader } from "../../components/page-header.tsx";
import { StateView } from "../../components/state-view.tsx";
import { useOrganization } from "../../lib/organization.ts";
import { useDebounced } from "../../lib/use-debounced.ts";
import { useShortcut } from "../../lib/use-shortcut.ts";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { KeyActionDialog, type ChosenAction } from "./key-action-dialog.tsx";
import { KeysList } from "./keys-list.tsx";
import { KeysTableSkeleton } from "./keys-table.tsx";
import { UsingTheApi } from "./using-the-api.tsx";

/** What of the page stands in its address. */
export type KeysSearch = { q?: string; dead?: boolean; create?: boolean };

type KeysScreenProps = { search: KeysSearch; onSearch: (change: KeysSearch) => void };

/** The page of an organization's keys: header, search, live list, and the dialogs that act on them. */
export function KeysScreen({ search, onSearch }: KeysScreenProps) {
  const t = useTranslations("keys");
  const { _id: organizationId, name: organizationName } = useOrganization();
  const { data: me, error, refetch } = useQuery(convexQuery(api.members.me, { organizationId }));
  const [chosen, setChosen] = useState<ChosenAction | null>(null);
  const mayCreate = me?.permissions.includes("keys:create") ?? false;
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
          <p>{t("forbiddenSentence", { organization: organizationName })}</p>
        </StateView>
      ) : (
        <>
          <SearchField value={search.q ?? ""} onChange={(q) => onSearch({ q: q === "" ? undefined : q })} />
          {me === undefined ? (
            <KeysTableSkeleton />
          ) : (
            // A live query that fails throws while rendering; header, search and the rest of the page stay.
            <CatchBoundary getResetKey={() => `${organizationId} ${JSON.stringify(search)}`} errorComponent={ListError}>
              <KeysList
                search={search.q ?? ""}
                showDead={search.dead ?? false}
                onShowDead={(dead) => onSearch({ dead: dead || undefined })}
                onClearSearch={() => onSearch({ q: undefined })}
                actor={me}
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

/** The search line. What is typed shows at once and reaches the address, and so the list, when typing rests. */
function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useTranslations("keys");
  const inputRef = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  const settled = useDebounced(text, 150);
  useShortcut("/", () => inputRef.current?.focus());

  // The address changed by other means: Back, or "Clear search".
  if (known !== value) {
    setKnown(value);
    if (value !== settled) setText(value);
  }
  useEffect(() => {
    if (settled === text && settled !== value) onChange(settled);
    // Only what is typed drives this; `value` follows it.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [settled]);

  return (
    <search className="relative mb-3 block max-w-[320px] max-md:max-w-none">
      <Search
        size={16}
        strokeWidth={1.5}
        aria-hidden
        className="pointer-events-none absolute top-2 left-2.5 text-muted"
      />
      <Input
        ref={inputRef}
        type="search"
        aria-label={t("searchLabel")}
        placeholder={t("searchPlaceholder")}
        className="pl-8"
        value={text}
        onValueChange={setText}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </search>
  );
}
