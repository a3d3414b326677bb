import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useTranslations } from "use-intl";

import { maskedKey } from "#convex/shared/keyFormat.ts";
import { endOf, keyStatus } from "#convex/shared/keyStatus.ts";

import { RelativeTime } from "../../components/time.tsx";
import { Skeleton } from "../../components/skeleton.tsx";
import { Tooltip } from "../../components/tooltip.tsx";
import { cn } from "../../lib/cn.ts";
import { useOrganization } from "../../lib/organization.ts";
import { actionsFor, type Actor, type KeyAction } from "./key-actions.ts";
import { KeyMenu } from "./key-menu.tsx";
import { withLastUse, type KeyView } from "./key-view.ts";
import { isRotating, StatusBadge } from "./status-badge.tsx";

type KeyRowProps = {
  keyView: KeyView;
  /** Epoch ms; null for never, undefined while loading. */
  lastUsedAt: number | null | undefined;
  now: number;
  /** How often the row has changed in sight; null for not yet. */
  glow: number | null;
  actor: Actor;
  onAction: (action: KeyAction, key: KeyView) => void;
  onMenu: (open: boolean) => void;
};

export const KeyRow = memo(function KeyRow({ keyView, lastUsedAt, now, glow, actor, ...menuProps }: KeyRowProps) {
  const t = useTranslations("keys");
  const { slug } = useOrganization();
  const timed = withLastUse(keyView, lastUsedAt);
  const status = keyStatus(timed, now);
  const expiresAt = status === "expired" ? endOf(timed) : keyView.expiresAt;
  const dead = status === "revoked" || status === "expired";
  const owner = keyView.ownerKind === "service" ? t("service") : (keyView.ownerName ?? t("formerMember"));
  const tags = keyView.tags.join(", ");
  const muted = dead ? "text-muted" : undefined;
  return (
    <tr
      data-key-id={keyView._id}
      data-glow={glow === null ? undefined : glow % 2}
      className="relative h-14 border-t border-border transition-colors first:border-0 hover:bg-raised/60 has-[a[data-status=active]]:bg-raised"
    >
      <td className="py-2 pr-4 pl-4 max-md:pr-2 max-md:pl-3">
        <Link
          to="/o/$slug/keys/$keyId"
          params={{ slug, keyId: keyView._id }}
          search={true}
          // Stretched over the row: the whole row is the target, and it stays a real link.
          className={cn(
            "block truncate rounded-[4px] text-base font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:rounded-[4px] focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent",
            muted,
          )}
        >
          {keyView.name}
        </Link>
        <div className="flex min-w-0 items-center gap-1.5 text-sm text-muted">
          <code className="truncate text-[12px] md:hidden">{maskedKey(keyView)}</code>
          <span className="truncate max-md:hidden">
            <span className="lg:hidden">{tags === "" ? owner : `${owner} · `}</span>
            {tags}
          </span>
        </div>
      </td>
      <td className="pr-4 max-md:hidden">
        <code className={cn("block truncate text-[12.5px]", muted ?? "text-text")}>{maskedKey(keyView)}</code>
      </td>
      <td className="truncate pr-4 text-sm text-muted max-lg:hidden">{owner}</td>
      <td className="pr-4 max-md:hidden">
        <Permissions permissions={keyView.permissions} />
      </td>
      <td className="pr-4 text-sm text-muted max-md:hidden">
        {lastUsedAt === undefined ? (
          <Skeleton className="h-4 w-16" />
        ) : lastUsedAt === null ? (
          t("never")
        ) : (
          // A server clock slightly ahead of ours must not say "in 1 second".
          <RelativeTime at={lastUsedAt} now={Math.max(now, lastUsedAt)} />
        )}
      </td>
      <td className="pr-4 text-sm text-muted max-md:hidden">
        {status === "revoked" ? (
          // Its end has come already; when its time would have been up says nothing any more.
          t("endedBefore")
        ) : expiresAt === null ? (
          t("never")
        ) : (
          <RelativeTime at={expiresAt} now={now} className={status === "expiring" ? "text-warn" : undefined} />
        )}
      </td>
      <td className="pr-2">
        {lastUsedAt === undefined && keyView.idleLimitMs !== null ? (
          // It may have died of disuse.
          <Skeleton className="h-5 w-18 rounded-full" />
        ) : (
          <StatusBadge status={status} rotating={isRotating(timed, now)} />
        )}
      </td>
      <td className="pr-2 text-right">
        <KeyMenu
          name={keyView.name}
          actions={actionsFor(timed, actor, now)}
          onAction={(action) => menuProps.onAction(action, keyView)}
          onOpenChange={menuProps.onMenu}
        />
      </td>
    </tr>
  );
});

/** The first two in sight, the others as a count that names them. */
function Permissions({ permissions }: { permissions: readonly string[] }) {
  const t = useTranslations("keys");
  if (permissions.length === 0) return <span className="text-sm text-muted">{t("noPermissions")}</span>;
  const others = permissions.slice(2);
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <code className="truncate text-[12.5px] text-muted">{permissions.slice(0, 2).join(", ")}</code>
      {others.length > 0 && (
        <Tooltip content={others.join(", ")}>
          <button
            type="button"
            aria-label={t("morePermissions", { count: others.length, names: others.join(", ") })}
            className="relative z-10 shrink-0 rounded-[4px] bg-raised px-1 text-sm text-muted tabular-nums"
          >
            +{others.length}
          </button>
        </Tooltip>
      )}
    </span>
  );
}
