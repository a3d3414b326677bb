import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { maskedKey } from "#convex/shared/keyFormat.ts";
import { endOf, keyStatus } from "#convex/shared/keyStatus.ts";

import { Chip } from "../../components/badge.tsx";
import { Callout } from "../../components/callout.tsx";
import { CopyLine } from "../../components/copy-line.tsx";
import { Skeleton } from "../../components/skeleton.tsx";
import { ExactTime, RelativeTime } from "../../components/time.tsx";
import type { KeyView, TimedKeyView } from "./key-view.ts";
import { windowName } from "./rate-limit-fields.tsx";
import { isRotating, StatusBadge } from "./status-badge.tsx";

type KeyDetailsProps = {
  keyView: TimedKeyView;
  /** Epoch ms; null for never, undefined while loading. */
  lastUsedAt: number | null | undefined;
  /** Epoch ms. */
  now: number;
};

/** Everything that is known of a key, except its secret. */
export function KeyDetails({ keyView, lastUsedAt, now }: KeyDetailsProps) {
  const t = useTranslations("keys.details");
  const tKeys = useTranslations("keys");
  const { previousSecretValidUntil: oldUntil } = keyView;
  const status = keyStatus(keyView, now);
  const expiresAt = status === "expired" ? endOf(keyView) : keyView.expiresAt;
  return (
    <div className="flex flex-col gap-5 p-5">
      <div className="flex flex-wrap items-center gap-2">
        {lastUsedAt === undefined && keyView.idleLimitMs !== null ? (
          // It may have died of disuse.
          <Skeleton className="h-5 w-18 rounded-full" />
        ) : (
          <StatusBadge status={status} rotating={isRotating(keyView, now)} />
        )}
        <Chip>{keyView.env}</Chip>
        {keyView.tags.map((tag) => (
          <Chip key={tag}>{tag}</Chip>
        ))}
      </div>
      {keyView.revokedAt !== null && (
        <Callout tone="danger">
          {t("revokedAt")} <ExactTime at={keyView.revokedAt} />
          {keyView.revokeReason !== null && <p className="text-muted">{keyView.revokeReason}</p>}
        </Callout>
      )}
      {status === "disabled" && !keyView.ownerActive && <Callout tone="info">{t("ownerInactive")}</Callout>}
      {oldUntil !== null && now < oldUntil && status !== "revoked" && status !== "expired" && (
        <Callout tone="info">
          {t("oldSecret")} <RelativeTime at={oldUntil} now={now} />
        </Callout>
      )}
      {keyView.description !== null && <p className="text-base whitespace-pre-line">{keyView.description}</p>}
      <dl className="flex flex-col gap-4">
        <Item label={t("key")}>
          <code className="text-sm break-all">{maskedKey(keyView)}</code>
        </Item>
        <Item label={t("id")}>
          <CopyLine value={keyView._id} what={t("id")} />
        </Item>
        <Item label={t("permissions")}>
          {keyView.permissions.length === 0 ? (
            <span className="text-muted">{tKeys("noPermissions")}</span>
          ) : (
            <span className="flex flex-wrap gap-1.5">
              {keyView.permissions.map((permission) => (
                <Chip key={permission}>{permission}</Chip>
              ))}
            </span>
          )}
        </Item>
      </dl>
      <dl className="grid grid-cols-2 gap-4">
        <Item label={t("owner")}>
          {keyView.ownerName ?? tKeys("formerMember")}
          <span className="block text-sm text-muted">{t(`ownerKind.${keyView.ownerKind}`)}</span>
        </Item>
        <Item label={t("rateLimit")}>
          <RateLimit rateLimit={keyView.rateLimit} />
        </Item>
        <Item label={t("created")}>
          <ExactTime at={keyView.createdAt} />
        </Item>
        <Item label={status === "expired" ? t("expired") : t("expires")}>
          {status === "revoked" ? (
            tKeys("endedBefore")
          ) : expiresAt === null ? (
            tKeys("never")
          ) : (
            <ExactTime at={expiresAt} />
          )}
        </Item>
        <Item label={t("lastUsed")}>
          <LastUsed at={lastUsedAt} now={now} />
        </Item>
        <Item label={t("rotations")}>
          <span className="tabular-nums">{keyView.version - 1}</span>
        </Item>
      </dl>
    </div>
  );
}

function Item({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="mb-1 text-sm text-muted">{label}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}

function RateLimit({ rateLimit }: { rateLimit: KeyView["rateLimit"] }) {
  const t = useTranslations("keys.details");
  const tCreate = useTranslations("keys.create");
  if (rateLimit === null) return t("noRateLimit");
  const { limit, windowMs } = rateLimit;
  const window = windowName(windowMs);
  return window === null
    ? t("rateLimitMs", { limit, seconds: windowMs / 1000 })
    : t("rateLimitPer", { limit, window: tCreate(`windows.${window}`) });
}

function LastUsed({ at, now }: { at: number | null | undefined; now: number }) {
  const t = useTranslations("keys");
  if (at === undefined) return <Skeleton className="h-4 w-20" />;
  if (at === null) return t("never");
  return (
    <>
      <RelativeTime at={at} now={Math.max(now, at)} />
      <span className="block text-sm text-muted">
        <ExactTime at={at} />
      </span>
    </>
  );
}
