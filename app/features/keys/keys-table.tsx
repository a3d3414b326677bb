import { useMemo, type ReactNode } from "react";
import { useTranslations } from "use-intl";

import { keyStatus } from "#convex/shared/keyStatus.ts";

import { Skeleton } from "../../components/skeleton.tsx";
import { KeyRow } from "./key-row.tsx";
import type { Actor, KeyAction } from "./key-actions.ts";
import { withLastUse, type KeyView } from "./key-view.ts";
import { useGlow } from "./use-glow.ts";

type KeysTableProps = {
  keys: readonly KeyView[];
  /** Epoch ms by key id, null for never; a key that is absent is still loading. */
  lastUsed: ReadonlyMap<string, number | null>;
  /** Epoch ms; the clock of the list, by which all rows agree. */
  now: number;
  /** Says which list this is, so that switching lists is not taken for changes. */
  listKey: string;
  actor: Actor;
  onAction: (action: KeyAction, key: KeyView) => void;
  /** A row's menu has opened or closed. */
  onMenu: (open: boolean) => void;
};

/** The live list. Each row is a link to its key; a row that changes glows once. */
export function KeysTable({ keys, lastUsed, now, listKey, ...rowProps }: KeysTableProps) {
  const prints = useMemo(
    () =>
      new Map(
        keys.map((key) => [
          key._id,
          `${keyStatus(withLastUse(key, lastUsed.get(key._id)), now)} ${JSON.stringify(key)}`,
        ]),
      ),
    [keys, lastUsed, now],
  );
  const glow = useGlow(prints, listKey);
  return (
    <TableShell>
      {keys.map((key) => (
        <KeyRow
          key={key._id}
          keyView={key}
          lastUsedAt={lastUsed.get(key._id)}
          now={now}
          glow={glow.get(key._id) ?? null}
          {...rowProps}
        />
      ))}
    </TableShell>
  );
}

/** The table while its first page loads: the same columns, grey. */
export function KeysTableSkeleton() {
  return (
    <TableShell busy>
      {["w-40", "w-28", "w-48", "w-32", "w-36"].map((width) => (
        <tr key={width} className="h-14 border-t border-border first:border-0">
          <td className="pl-4">
            <Skeleton className={`h-4 ${width} max-w-full`} />
          </td>
          <td className="max-md:hidden">
            <Skeleton className="h-4 w-40" />
          </td>
          <td className="max-lg:hidden">
            <Skeleton className="h-4 w-16" />
          </td>
          <td className="max-md:hidden">
            <Skeleton className="h-4 w-24" />
          </td>
          <td className="max-md:hidden">
            <Skeleton className="h-4 w-16" />
          </td>
          <td className="max-md:hidden">
            <Skeleton className="h-4 w-16" />
          </td>
          <td>
            <Skeleton className="h-5 w-18 rounded-full" />
          </td>
          <td>
            <Skeleton className="size-4" />
          </td>
        </tr>
      ))}
    </TableShell>
  );
}

function TableShell({ busy, children }: { busy?: boolean; children: ReactNode }) {
  const t = useTranslations("keys.columns");
  const head = "h-9 pr-4 text-left text-sm font-medium text-muted";
  return (
    <div className="overflow-hidden rounded-surface border border-border bg-surface">
      <table aria-busy={busy} className="w-full table-fixed border-collapse">
        <thead className="border-b border-border bg-raised/50">
          <tr>
            <th scope="col" className={`${head} pl-4 max-md:pl-3`}>
              {t("name")}
            </th>
            <th scope="col" className={`${head} w-[206px] max-md:hidden`}>
              {t("key")}
            </th>
            <th scope="col" className={`${head} w-[132px] max-lg:hidden`}>
              {t("owner")}
            </th>
            <th scope="col" className={`${head} w-[176px] max-md:hidden lg:w-[216px]`}>
              {t("permissions")}
            </th>
            <th scope="col" className={`${head} w-[100px] max-md:hidden`}>
              {t("lastUsed")}
            </th>
            <th scope="col" className={`${head} w-[88px] max-md:hidden`}>
              {t("expires")}
            </th>
            <th scope="col" className={`${head} w-[116px] max-md:w-[104px] max-md:pr-2`}>
              {t("status")}
            </th>
            <th scope="col" className="w-12 max-md:w-10">
              <span className="sr-only">{t("actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
