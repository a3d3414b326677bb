import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useState, type ReactNode, type RefObject } from "react";
import { useTranslations } from "use-intl";

import { cn } from "../lib/cn.ts";
import { Button } from "./button.tsx";
import { MenuHost } from "./menu-host.ts";

const backdropStyles =
  "fixed inset-0 z-40 bg-backdrop transition-opacity duration-150 data-starting-style:opacity-0 data-ending-style:opacity-0";

const popupStyles = cn(
  "fixed z-40 flex max-h-[calc(100dvh-2rem)] flex-col rounded-surface border border-border bg-float shadow-float outline-none",
  "top-1/2 left-1/2 w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2",
  "transition-[opacity,scale] duration-150 data-starting-style:scale-[0.98] data-starting-style:opacity-0 data-ending-style:scale-[0.98] data-ending-style:opacity-0",
);

const widths = { narrow: "max-w-[440px]", base: "max-w-[560px]", wide: "max-w-[680px]" };

type DialogProps = {
  open: boolean;
  /** Asked to close by Esc, the cross or a press outside; the owner decides. */
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  width?: keyof typeof widths;
  /** A press outside does nothing: for forms whose input would be lost. */
  sticky?: boolean;
  initialFocus?: RefObject<HTMLElement | null>;
  footer?: ReactNode;
  children?: ReactNode;
};

/** A modal dialog: title and sentence stay, the body scrolls, the footer holds the actions, the last one to the right. */
export function Dialog({ open, onClose, title, description, width = "base", sticky, ...props }: DialogProps) {
  const t = useTranslations("common");
  const [host, setHost] = useState<HTMLElement | null>(null);
  return (
    <BaseDialog.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
      disablePointerDismissal={sticky}
    >
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={backdropStyles} />
        <BaseDialog.Popup
          ref={setHost}
          data-modal=""
          initialFocus={props.initialFocus}
          className={cn(popupStyles, widths[width])}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-1">
            <div className="min-w-0 flex-1">
              <BaseDialog.Title className="text-lg font-semibold break-words">{title}</BaseDialog.Title>
              {description !== undefined && (
                <BaseDialog.Description className="mt-1 text-sm text-muted">{description}</BaseDialog.Description>
              )}
            </div>
            <BaseDialog.Close
              render={<Button variant="ghost" size="icon" className="-mt-1 -mr-2" aria-label={t("close")} />}
            >
              <X strokeWidth={1.5} aria-hidden />
            </BaseDialog.Close>
          </header>
          <MenuHost value={host}>
            <DialogBody>{props.children}</DialogBody>
          </MenuHost>
          {props.footer !== undefined && <DialogFooter>{props.footer}</DialogFooter>}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

type ConfirmDialogProps = {
  open: boolean;
  onCancel: () => void;
  title: ReactNode;
  description: ReactNode;
  cancelLabel?: string;
  /** The button that goes through with it. */
  action: ReactNode;
  children?: ReactNode;
};

/** Asks before something that cannot be undone. Focus starts on Cancel, and only a button or Esc closes it. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const t = useTranslations("common");
  return (
    <AlertDialog.Root
      open={props.open}
      onOpenChange={(next) => {
        if (!next) props.onCancel();
      }}
    >
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdropStyles} />
        <AlertDialog.Popup data-modal="" className={cn(popupStyles, widths.narrow)} initialFocus={focusCancel}>
          <div className="px-5 pt-4 pb-1">
            <AlertDialog.Title className="text-lg font-semibold break-words">{props.title}</AlertDialog.Title>
            <AlertDialog.Description className="mt-1 text-sm text-muted" render={<div />}>
              {props.description}
            </AlertDialog.Description>
          </div>
          {props.children !== undefined ? <DialogBody>{props.children}</DialogBody> : <div className="h-3" />}
          <DialogFooter>
            <AlertDialog.Close data-cancel="" render={<Button />}>
              {props.cancelLabel ?? t("cancel")}
            </AlertDialog.Close>
            {props.action}
          </DialogFooter>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

// The open popup is found by its mark: a ref on the Close part would be taken over by its `render` element.
function focusCancel(): HTMLElement | null {
  const cancels = document.querySelectorAll<HTMLElement>("[role=alertdialog] [data-cancel]");
  return cancels[cancels.length - 1] ?? null;
}

function DialogBody({ children }: { children: ReactNode }) {
  return <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-5 py-3">{children}</div>;
}

function DialogFooter({ children }: { children: ReactNode }) {
  return (
    <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-border px-5 py-3">
      {children}
    </footer>
  );
}
