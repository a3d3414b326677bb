import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";
import { maskedKey } from "#convex/shared/keyFormat.ts";
import { keyStatus } from "#convex/shared/keyStatus.ts";

import { Chip } from "../../components/badge.tsx";
import { Callout } from "../../components/callout.tsx";
import { CopyLine } from "../../components/copy-line.tsx";
import { Skeleton } from "../../components/skeleton.tsx";
import { ExactTime, RelativeTime } from "../../components/time.tsx";
import type { KeyView } from "./key-view.ts";
import { windowName } from "./rate-limit-fields.tsx";
import { isRotating, StatusBadge } from "./status-badge.tsx";

/** Everything that is known of a key, except its secret. `now` in epoch ms. */
export function KeyDetails({ keyView, now }: { keyView: KeyView; now: number }) {
  const t = useTranslations("keys.details");
  const tKeys = useTranslations("keys");
  const { previousSecretValidUntil: oldUntil } = keyView;
  const status = keyStatus(keyView, now);
  return (
    <div className="flex flex-col gap-5 p-5">
      <div className="flex flex-wrap items-center gap-2">
        <StatusBadge status={status} rotating={isRotating(keyView, now)} />
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
          ) : keyView.expiresAt === null ? (
            tKeys("never")
          ) : (
            <ExactTime at={keyView.expiresAt} />
          )}
        </Item>
        <Item label={t("lastUsed")}>
          <LastUsed keyView={keyView} now={now} />
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

function LastUsed({ keyView, now }: { keyView: KeyView; now: number }) {
  const t = useTranslations("keys");
  const { data } = useQuery(
    convexQuery(api.usage.lastUsed, { organizationId: keyView.organizationId, keyIds: [keyView._id] }),
  );
  if (data === undefined) return <Skeleton className="h-4 w-20" />;
  const lastUsedAt = data?.[0]?.lastUsedAt ?? null;
  if (lastUsedAt === null) return t("never");
  return (
    <>
      <RelativeTime at={lastUsedAt} now={Math.max(now, lastUsedAt)} />
      <span className="block text-sm text-muted">
        <ExactTime at={lastUsedAt} />
      </span>
    </>
  );
}
