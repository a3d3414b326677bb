import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslations } from "use-intl";

import { cn } from "../lib/cn.ts";
import { Button } from "./button.tsx";
import { MenuHost } from "./menu-host.ts";

type SheetProps = {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  side?: "left" | "right";
  /** Modal sheets dim and block the page; others leave it usable beside them. */
  modal?: boolean;
  children: ReactNode;
};

/** A panel along one edge of the window, as high as the window; on a phone it takes the whole width. */
export function Sheet({ open, onClose, title, side = "right", modal = true, children }: SheetProps) {
  const t = useTranslations("common");
  const [host, setHost] = useState<HTMLElement | null>(null);
  return (
    <BaseDialog.Root
      open={open}
      modal={modal}
      disablePointerDismissal={!modal}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <BaseDialog.Portal>
        {modal && (
          <BaseDialog.Backdrop className="fixed inset-0 z-30 bg-backdrop transition-opacity duration-150 data-starting-style:opacity-0 data-ending-style:opacity-0" />
        )}
        <BaseDialog.Popup
          ref={setHost}
          data-modal={modal ? "" : undefined}
          className={cn(
            "fixed inset-y-0 z-30 flex w-full flex-col border-border bg-float shadow-float outline-none transition-[translate,opacity] duration-180",
            side === "right"
              ? "right-0 border-l data-starting-style:translate-x-6 data-ending-style:translate-x-6 sm:max-w-[460px]"
              : "left-0 border-r data-starting-style:-translate-x-6 data-ending-style:-translate-x-6 max-w-[280px]",
            "data-starting-style:opacity-0 data-ending-style:opacity-0",
          )}
        >
          <div className="flex h-14 shrink-0 items-center gap-3 border-b border-border px-5">
            <BaseDialog.Title className="min-w-0 flex-1 truncate text-lg font-semibold">{title}</BaseDialog.Title>
            <BaseDialog.Close render={<Button variant="ghost" size="icon" className="-mr-2" aria-label={t("close")} />}>
              <X strokeWidth={1.5} aria-hidden />
            </BaseDialog.Close>
          </div>
          <div className="flex min-h-0 flex-1 flex-col overflow-y-auto overscroll-contain">
            <MenuHost value={host}>{children}</MenuHost>
          </div>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
