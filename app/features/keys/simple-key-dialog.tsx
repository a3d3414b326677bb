import { useTranslations } from "use-intl";

import { Button } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { FormError } from "../../components/form-error.tsx";
import { toastDone } from "../../components/toast.tsx";
import { inOrganization, operations } from "../../lib/api.ts";
import { useOperation } from "../../lib/use-operation.ts";
import type { KeyView } from "./key-view.ts";

type SimpleAction = "disable" | "enable" | "expire" | "delete";

type SimpleKeyDialogProps = { action: SimpleAction; keyView: KeyView; onClose: () => void };

/** Confirms an action that needs no input: disable, enable, expire, delete. */
export function SimpleKeyDialog({ action, keyView, onClose }: SimpleKeyDialogProps) {
  const t = useTranslations(`keys.${action}`);
  const { busy, error, run } = useOperation();
  const { _id: keyId, organizationId, name } = keyView;

  async function go() {
    const done = await run(async () => {
      await operations.keys[action].mutate({ keyId }, inOrganization(organizationId));
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
        <Button
          variant={action === "delete" || action === "expire" ? "danger" : "primary"}
          busy={busy}
          onClick={() => void go()}
        >
          {t("submit")}
        </Button>
      }
    >
      {error === null ? undefined : <FormError error={error} />}
    </ConfirmDialog>
  );
}
