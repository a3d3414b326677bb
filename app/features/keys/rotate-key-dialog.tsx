import { useState } from "react";
import { useTranslations } from "use-intl";

import { ROTATION_GRACE_PRESETS_MS } from "#convex/shared/limits.ts";

import { Button } from "../../components/button.tsx";
import { Choice } from "../../components/choice.tsx";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { FormError } from "../../components/form-error.tsx";
import { inOrganization, operations } from "../../lib/api.ts";
import { useOperation } from "../../lib/use-operation.ts";
import { DAY_MS } from "./expiry.ts";
import { KeyReveal, type RevealedKey } from "./key-reveal.tsx";
import type { KeyView } from "./key-view.ts";

const HOUR_MS = 60 * 60 * 1000;

/** Gives a key a new secret and shows it once. The plaintext lives in this component's state and dies with it. */
export function RotateKeyDialog({ keyView, onClose }: { keyView: KeyView; onClose: () => void }) {
  const t = useTranslations("keys.rotate");
  const [graceMs, setGraceMs] = useState<number>(DAY_MS);
  const [revealed, setRevealed] = useState<RevealedKey | null>(null);
  const { busy, error, run } = useOperation();
  const { _id: keyId, organizationId, name, version } = keyView;

  async function rotate() {
    await run(async () => {
      const rotated = await operations.keys.rotate.mutate({ keyId, graceMs, version }, inOrganization(organizationId));
      setRevealed({ key: rotated.key, name });
    });
  }

  if (revealed !== null) return <KeyReveal revealed={revealed} onClose={onClose} />;
  return (
    <ConfirmDialog
      open
      onCancel={onClose}
      title={t("title", { name })}
      description={t("sentence")}
      action={
        <Button variant={graceMs === 0 ? "danger" : "primary"} busy={busy} onClick={() => void rotate()}>
          {t("submit")}
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <span aria-hidden className="text-sm font-medium">
          {t("grace")}
        </span>
        <Choice
          label={t("grace")}
          value={String(graceMs)}
          onChange={(next) => setGraceMs(Number(next))}
          options={ROTATION_GRACE_PRESETS_MS.map((ms) => ({ value: String(ms), label: graceLabel(ms, t) }))}
        />
        <p className="text-sm text-muted" aria-live="polite">
          {graceMs === 0 ? t("graceNoneHint") : t("graceHint", { grace: graceLabel(graceMs, t) })}
        </p>
        <FormError error={error} />
      </div>
    </ConfirmDialog>
  );
}

function graceLabel(ms: number, t: ReturnType<typeof useTranslations<"keys.rotate">>): string {
  if (ms === 0) return t("graceNone");
  return ms < DAY_MS ? t("hours", { hours: ms / HOUR_MS }) : t("days", { days: ms / DAY_MS });
}
