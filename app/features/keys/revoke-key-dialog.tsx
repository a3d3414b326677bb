import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";
import { REASON_MAX_LENGTH } from "#convex/shared/limits.ts";

import { Button } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { Field } from "../../components/field.tsx";
import { FormError } from "../../components/form-error.tsx";
import { Textarea } from "../../components/input.tsx";
import { toastDone } from "../../components/toast.tsx";
import { inOrganization, operations } from "../../lib/api.ts";
import { useNow } from "../../lib/now.ts";
import { useOperation } from "../../lib/use-operation.ts";
import type { KeyView } from "./key-view.ts";

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
        <LastUse keyView={keyView} />
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
  const { data } = useQuery(
    convexQuery(api.usage.lastUsed, { organizationId: keyView.organizationId, keyIds: [keyView._id] }),
  );
  const lastUsedAt = data?.[0]?.lastUsedAt ?? null;
  return (
    <p className="rounded-control bg-raised px-3 py-2 text-base" aria-live="polite">
      {data === undefined
        ? t("lastUseLoading")
        : lastUsedAt === null
          ? t("neverUsed")
          : t("lastUsed", { when: format.relativeTime(Math.min(lastUsedAt, now), now) })}
    </p>
  );
}
