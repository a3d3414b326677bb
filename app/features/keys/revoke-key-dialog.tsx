import { useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { REASON_MAX_LENGTH } from "#convex/shared/limits.ts";

import { Chip } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Callout } from "../../components/callout.tsx";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { Field } from "../../components/field.tsx";
import { FormError } from "../../components/form-error.tsx";
import { Textarea } from "../../components/input.tsx";
import { Skeleton } from "../../components/skeleton.tsx";
import { toastDone } from "../../components/toast.tsx";
import { inOrganization, operations } from "../../lib/api.ts";
import { useNow } from "../../lib/now.ts";
import { useOperation } from "../../lib/use-operation.ts";
import type { KeyView } from "./key-view.ts";
import { useLastUsedOf } from "./use-last-used.ts";

// Used within this time counts as in use.
const IN_USE_MS = 60 * 60 * 1000;
const PERMISSIONS_SHOWN = 4;

/** Ends a key for good, after saying what stops. */
export function RevokeKeyDialog({ keyView, onClose }: { keyView: KeyView; onClose: () => void }) {
  const t = useTranslations("keys.revoke");
  const tCreate = useTranslations("keys.create");
  const [reason, setReason] = useState("");
  const { busy, error, run } = useOperation();
  const { _id: keyId, organizationId, name } = keyView;

  async function revoke() {
    const done = await run(async () => {
      const trimmed = reason.trim();
      const input = { keyId, ...(trimmed !== "" && { reason: trimmed }) };
      await operations.keys.revoke.mutate(input, inOrganization(organizationId));
    });
    if (!done) return;
    toastDone(t("done", { name }));
    onClose();
  }

  return (
    <ConfirmDialog
      open
      onCancel={onClose}
      title={t("title", { name })}
      description={t("sentence")}
      action={
        <Button variant="danger" busy={busy} onClick={() => void revoke()}>
          {t("submit")}
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <div aria-live="polite">
          <LastUse keyView={keyView} />
        </div>
        <WhatStops keyView={keyView} />
        <Field label={t("reason")} note={tCreate("optional")} hint={t("reasonHint")}>
          <Textarea maxLength={REASON_MAX_LENGTH} value={reason} onValueChange={setReason} />
        </Field>
        <FormError error={error} />
      </div>
    </ConfirmDialog>
  );
}

/** Whether somebody would notice: when the key was last used. */
function LastUse({ keyView }: { keyView: KeyView }) {
  const t = useTranslations("keys.revoke");
  const format = useFormatter();
  const now = useNow();
  const lastUsedAt = useLastUsedOf(keyView);
  // As high as the line that takes its place.
  if (lastUsedAt === undefined) return <Skeleton className="h-9 rounded-control" />;
  if (lastUsedAt === null) return <Callout tone="info">{t("neverUsed")}</Callout>;
  const when = format.relativeTime(Math.min(lastUsedAt, now), now);
  const inUse = now - lastUsedAt < IN_USE_MS;
  return <Callout tone={inUse ? "warn" : "info"}>{inUse ? t("usedNow", { when }) : t("usedBefore", { when })}</Callout>;
}

/** Whose key it is, and what nobody can do with it afterwards. */
function WhatStops({ keyView }: { keyView: KeyView }) {
  const t = useTranslations("keys.revoke");
  const tKeys = useTranslations("keys");
  const owner = keyView.ownerName ?? tKeys("formerMember");
  const others = keyView.permissions.length - PERMISSIONS_SHOWN;
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] items-baseline gap-x-4 gap-y-2 text-sm">
      <dt className="text-muted">{t("owner")}</dt>
      <dd className="break-words">{keyView.ownerKind === "service" ? t("serviceOf", { owner }) : owner}</dd>
      <dt className="text-muted">{t("whatStops")}</dt>
      <dd className="flex flex-wrap items-center gap-1.5">
        {keyView.permissions.length === 0 && tKeys("noPermissions")}
        {keyView.permissions.slice(0, PERMISSIONS_SHOWN).map((permission) => (
          <Chip key={permission}>{permission}</Chip>
        ))}
        {others > 0 && <span className="text-muted">{t("morePermissions", { count: others })}</span>}
      </dd>
    </dl>
  );
}
