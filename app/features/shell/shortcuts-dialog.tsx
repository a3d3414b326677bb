import { useTranslations } from "use-intl";

import { Dialog } from "../../components/dialog.tsx";
import { Kbd } from "../../components/kbd.tsx";
import { modKey } from "../../lib/platform.ts";

const shortcuts = [
  { id: "palette", keys: [modKey, "K"] },
  { id: "create", keys: ["C"] },
  { id: "search", keys: ["/"] },
  { id: "list", keys: ["?"] },
  { id: "close", keys: ["Esc"] },
] as const;

/** Every key that does something. */
export function ShortcutsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useTranslations("shell.shortcuts");
  return (
    <Dialog open={open} onClose={onClose} title={t("title")} width="narrow">
      <dl className="pb-2">
        {shortcuts.map(({ id, keys }) => (
          <div key={id} className="flex items-center justify-between border-b border-border py-2 last:border-0">
            <dt>{t(id)}</dt>
            <dd className="flex gap-1">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
