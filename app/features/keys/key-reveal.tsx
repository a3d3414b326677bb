import { Check, Copy } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../components/button.tsx";
import { Callout } from "../../components/callout.tsx";
import { CopyLine } from "../../components/copy-line.tsx";
import { ConfirmDialog, Dialog } from "../../components/dialog.tsx";
import { copyText } from "../../lib/copy-text.ts";
import { toastFailed } from "../../components/toast.tsx";
import { curlWhoami, envLine } from "./commands.ts";

/** A key in plaintext, as create and rotate answer it. Held in component state only. */
export type RevealedKey = {
  key: string;
  name: string;
};

/** Shows a key for the one time there is. Asks once before closing when nothing was copied. */
export function KeyReveal({ revealed, onClose }: { revealed: RevealedKey; onClose: () => void }) {
  const t = useTranslations("keys.reveal");
  const tCommon = useTranslations("common");
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const copyRef = useRef<HTMLButtonElement>(null);

  async function copy() {
    if (await copyText(revealed.key)) setCopied(true);
    else toastFailed(tCommon("copyFailed"), tCommon("copyFailedHint"));
  }

  const Icon = copied ? Check : Copy;
  return (
    <Dialog
      open
      sticky
      onClose={() => (copied ? onClose() : setAsking(true))}
      title={t("title", { name: revealed.name })}
      width="wide"
      initialFocus={copyRef}
      footer={<Button onClick={() => (copied ? onClose() : setAsking(true))}>{t("done")}</Button>}
    >
      <div className="flex flex-col gap-4">
        <Callout tone="warn">{t("warning")}</Callout>
        <div className="flex flex-col gap-3 rounded-surface border border-control/60 bg-raised/60 p-4 sm:flex-row sm:items-center">
          <output
            aria-label={t("key")}
            onCopy={() => setCopied(true)}
            className="min-w-0 flex-1 font-mono text-lg break-all select-all"
          >
            {revealed.key}
          </output>
          <Button ref={copyRef} variant="primary" size="large" className="sm:w-28" onClick={() => void copy()}>
            <Icon strokeWidth={1.5} aria-hidden />
            <span aria-live="polite">{copied ? tCommon("copied") : tCommon("copy")}</span>
          </Button>
        </div>
        <Labelled label={t("envFile")}>
          <CopyLine value={envLine(revealed.key)} what={t("envFile")} onCopied={() => setCopied(true)} />
        </Labelled>
        <Labelled label={t("tryIt")}>
          <CopyLine value={curlWhoami(revealed.key)} what={t("tryIt")} onCopied={() => setCopied(true)} />
        </Labelled>
      </div>
      <ConfirmDialog
        open={asking}
        onCancel={() => setAsking(false)}
        title={t("closeTitle")}
        description={t("closeSentence")}
        cancelLabel={t("goBack")}
        action={
          <Button variant="danger" onClick={onClose}>
            {t("closeAnyway")}
          </Button>
        }
      />
    </Dialog>
  );
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <span className="text-sm font-medium">{label}</span>
      {children}
    </div>
  );
}
