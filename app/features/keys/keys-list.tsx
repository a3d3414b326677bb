import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { usePaginatedQuery } from "convex/react";
import { useState, type ReactNode } from "react";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { Button } from "../../components/button.tsx";
import { StateView } from "../../components/state-view.tsx";
import { useOrganization } from "../../lib/organization.ts";
import { KeysTable, KeysTableSkeleton } from "./keys-table.tsx";
import type { KeyAction } from "./key-actions.ts";
import type { KeyView } from "./key-view.ts";
import { useLastUsed } from "./use-last-used.ts";

const PAGE_SIZE = 50;

type KeysListProps = {
  search: string;
  showDead: boolean;
  onShowDead: (show: boolean) => void;
  onClearSearch: () => void;
  actor: { role: string; userId: string };
  onAction: (action: KeyAction, key: KeyView) => void;
  /** What stands there when the organization has no key at all. */
  empty: ReactNode;
};

/** The keys page by page, kept current; what stands in for them while loading, when none match and when none exist. */
export function KeysList({ search, showDead, onShowDead, onClearSearch, actor, onAction, empty }: KeysListProps) {
  const t = useTranslations("keys");
  const { _id: organizationId } = useOrganization();
  const text = search.trim();
  const wanted = { organizationId, includeDead: showDead, ...(text !== "" && { search: text }) };
  const listKey = JSON.stringify(wanted);
  const { results, status, loadMore } = usePaginatedQuery(api.keys.list, wanted, { initialNumItems: PAGE_SIZE });
  const { data: dead } = useQuery(convexQuery(api.keys.countDead, { organizationId }));

  const shown = useSteady(results, status === "LoadingFirstPage", organizationId);
  const lastUsed = useLastUsed(organizationId, shown?.keys ?? []);

  if (shown === null) return <KeysTableSkeleton />;
  const hidden = showDead ? 0 : (dead?.count ?? 0);
  return (
    <>
      {shown.keys.length > 0 ? (
        <KeysTable
          keys={shown.keys}
          lastUsed={lastUsed}
          listKey={shown.fresh ? listKey : ""}
          actor={actor}
          onAction={onAction}
        />
      ) : text !== "" ? (
        <StateView title={t("noMatchTitle")} actions={<Button onClick={onClearSearch}>{t("clearSearch")}</Button>}>
          <p>{t("noMatchSentence", { search: text })}</p>
        </StateView>
      ) : (
        empty
      )}
      <div className="mt-3 flex min-h-8 flex-wrap items-center gap-x-4 gap-y-2 text-sm text-muted">
        {hidden > 0 && (
          <p>
            {t("deadHidden", { count: hidden, capped: String(dead?.capped ?? false) })} <span aria-hidden>·</span>{" "}
            <InlineButton onClick={() => onShowDead(true)}>{t("showDead")}</InlineButton>
          </p>
        )}
        {showDead && (
          <p>
            {t("deadShown")} <span aria-hidden>·</span>{" "}
            <InlineButton onClick={() => onShowDead(false)}>{t("hideDead")}</InlineButton>
          </p>
        )}
        {(status === "CanLoadMore" || status === "LoadingMore") && (
          <Button className="ml-auto" busy={status === "LoadingMore"} onClick={() => loadMore(PAGE_SIZE)}>
            {t("loadMore")}
          </Button>
        )}
      </div>
    </>
  );
}

function InlineButton({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="rounded-[4px] font-medium text-accent underline-offset-4 hover:underline"
    >
      {children}
    </button>
  );
}

type Shown = { keys: readonly KeyView[]; fresh: boolean; owner: string };

/** The rows to show: while another search or filter of the same organization loads, those from before stay; null when there are none yet. */
function useSteady(results: readonly KeyView[], loading: boolean, owner: string): Shown | null {
  const [last, setLast] = useState<Shown | null>(null);
  if (!loading && last?.keys !== results) {
    const next = { keys: results, fresh: true, owner };
    // Adjusting state while rendering: React renders again at once, before anything reaches the screen.
    setLast(next);
    return next;
  }
  if (!loading) return last;
  return last === null || last.owner !== owner ? null : { ...last, fresh: false };
}
