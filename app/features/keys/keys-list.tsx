import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { usePaginatedQuery } from "convex/react";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";
import { keyStatus, type KeyStatus } from "#convex/shared/keyStatus.ts";

import { Button } from "../../components/button.tsx";
import { StateView } from "../../components/state-view.tsx";
import { useNow } from "../../lib/now.ts";
import { useOrganization } from "../../lib/organization.ts";
import { useScrolled } from "../../lib/use-scrolled.ts";
import { DeadKeysNote } from "./dead-keys-note.tsx";
import { useHeldKeys } from "./held-keys.ts";
import { KeysTable, KeysTableSkeleton } from "./keys-table.tsx";
import type { Actor, KeyAction } from "./key-actions.ts";
import { withLastUse, type KeyView } from "./key-view.ts";
import { NewKeysPill } from "./new-keys-pill.tsx";
import { statusInstants } from "./status-instants.ts";
import { wantsDead } from "./statuses.ts";
import { useLastUsed } from "./use-last-used.ts";

const PAGE_SIZE = 50;
// A status follows the clock, so the server cannot filter by it: pages are looked through here, up to a bound.
const SEEK_PAGE_SIZE = 200;
const SEEK_ENOUGH = 20;
const SEEK_MAX = 1000;

/** What of the keys is asked for: a text, and statuses (none means all). Dead keys only on demand. */
export type KeysFilter = { search: string; statuses: readonly KeyStatus[]; showDead: boolean };

type KeysListProps = {
  filter: KeysFilter;
  onShowDead: (show: boolean) => void;
  onClearFilter: () => void;
  /** Who looks on; null while that is loading. */
  actor: Actor | null;
  /** A dialog or a panel is open: new rows wait. */
  occupied: boolean;
  onAction: (action: KeyAction, key: KeyView) => void;
  /** What stands there when the organization has no key at all. */
  empty: ReactNode;
};

/** The keys page by page, kept current; what stands in for them while loading, when none match and when none exist. */
export function KeysList({ filter, onShowDead, onClearFilter, actor, occupied, onAction, empty }: KeysListProps) {
  const t = useTranslations("keys");
  const { _id: organizationId } = useOrganization();
  const [menuOpen, setMenuOpen] = useState(false);
  const scrolled = useScrolled();
  const text = filter.search.trim();
  const includeDead = filter.showDead || wantsDead(filter.statuses);
  const wanted = { organizationId, includeDead, ...(text !== "" && { search: text }) };
  const { results, status, loadMore } = usePaginatedQuery(api.keys.list, wanted, { initialNumItems: PAGE_SIZE });

  const { data: counted, isPending: counting } = useQuery(convexQuery(api.keys.countDead, { organizationId }));

  const { shown, pending } = useSteady(
    { keys: results, listKey: JSON.stringify(wanted), text, statuses: filter.statuses, organizationId },
    status === "LoadingFirstPage",
  );
  const lastUsed = useLastUsed(organizationId, shown.keys);
  const now = useListClock(shown.keys, lastUsed);
  const reading = scrolled || occupied || menuOpen;
  const { held, release } = useHeldKeys(shown.keys, shown.listKey, (key) => reading && !isOwnWork(key, actor?.userId));
  const matching = shown.keys.filter(
    (key) =>
      shown.statuses.length === 0 || shown.statuses.includes(keyStatus(withLastUse(key, lastUsed.get(key._id)), now)),
  );
  const rows = matching.filter((key) => !held.has(key._id));

  const more = status === "CanLoadMore" || status === "LoadingMore";
  const tooFew =
    shown.statuses.length > 0 ? matching.length < SEEK_ENOUGH && results.length < SEEK_MAX : results.length === 0;
  const seeking = status === "CanLoadMore" && tooFew;
  useEffect(() => {
    if (seeking) loadMore(SEEK_PAGE_SIZE);
  }, [seeking, loadMore]);

  if (actor === null || counting || pending || (rows.length === 0 && more && tooFew)) return <KeysTableSkeleton />;
  // Null is for who has no access, and then there are no rows either.
  const dead = counted ?? { count: 0, capped: false };
  const filtered = shown.text !== "" || shown.statuses.length > 0;
  return (
    <>
      <NewKeysPill
        count={matching.length - rows.length}
        onShow={() => {
          release();
          window.scrollTo({ top: 0 });
        }}
      />
      {rows.length > 0 ? (
        <KeysTable
          keys={rows}
          lastUsed={lastUsed}
          now={now}
          listKey={`${shown.listKey} ${shown.statuses.join()}`}
          actor={actor}
          onAction={onAction}
          onMenu={setMenuOpen}
        />
      ) : filtered ? (
        <StateView title={t("noMatchTitle")} actions={<Button onClick={onClearFilter}>{t("clearFilter")}</Button>}>
          <p>{shown.text === "" ? t("noneWithStatus") : t("noMatchSentence", { search: shown.text })}</p>
        </StateView>
      ) : dead.count > 0 && !filter.showDead ? (
        <StateView title={t("noneLiveTitle")}>
          <p>{t("noneLiveSentence")}</p>
        </StateView>
      ) : (
        empty
      )}
      <div className="mt-3 flex min-h-8 flex-wrap items-center gap-x-4 gap-y-2 text-sm text-muted">
        {/* With a status chosen, the chips say what is hidden. */}
        {filter.statuses.length === 0 && <DeadKeysNote dead={dead} shown={filter.showDead} onShow={onShowDead} />}
        {more && (
          <Button className="ml-auto" busy={status === "LoadingMore"} onClick={() => loadMore(PAGE_SIZE)}>
            {t("loadMore")}
          </Button>
        )}
      </div>
    </>
  );
}

/** Made by hand by who looks on: waiting for it is the last thing they want. */
function isOwnWork(key: KeyView, userId: string | undefined): boolean {
  return key.createdByUserId === userId && key.createdByKeyId === null;
}

/** A clock that also strikes at every moment when a key's status changes by itself. */
function useListClock(keys: readonly KeyView[], lastUsed: ReadonlyMap<string, number | null>): number {
  return useNow(
    useMemo(() => keys.flatMap((key) => statusInstants(withLastUse(key, lastUsed.get(key._id)))), [keys, lastUsed]),
  );
}

/** Rows with the question that they answer. */
type Shown = {
  keys: readonly KeyView[];
  listKey: string;
  text: string;
  statuses: readonly KeyStatus[];
  organizationId: string;
};

const NOTHING: Shown = { keys: [], listKey: "", text: "", statuses: [], organizationId: "" };

/**
 * What to show: while another question about the same organization loads, the rows of the one before stay, with their
 * question, so that no row and no "none" flashes that answers neither. `pending` while there is nothing to show yet.
 */
function useSteady(next: Shown, loading: boolean): { shown: Shown; pending: boolean } {
  const [last, setLast] = useState<Shown>(NOTHING);
  if (loading) {
    const pending = last.organizationId !== next.organizationId;
    return { shown: pending ? NOTHING : last, pending };
  }
  if (last.keys === next.keys && last.listKey === next.listKey && last.statuses === next.statuses) {
    return { shown: last, pending: false };
  }
  // Adjusting state while rendering: React renders again at once, before anything reaches the screen.
  setLast(next);
  return { shown: next, pending: false };
}
