import { Toast as BaseToast } from "@base-ui/react/toast";
import { CircleAlert, CircleCheck, X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { cn } from "../lib/cn.ts";
import { Button } from "./button.tsx";

const toasts = BaseToast.createToastManager();

/** Says briefly that something is done; it leaves by itself. */
export function toastDone(title: string): void {
  toasts.add({ title, type: "done", timeout: 4000 });
}

/** Says that something failed and what to do; stays until dismissed, since it may be needed for a report. */
export function toastFailed(title: string, description: string): void {
  toasts.add({ title, description, type: "failed", timeout: 0, priority: "high" });
}

/** Holds the notifications of the whole app; wrap the tree once. */
export function ToastRegion({ children }: { children: ReactNode }) {
  return (
    <BaseToast.Provider toastManager={toasts}>
      {children}
      <BaseToast.Portal>
        <BaseToast.Viewport className="fixed bottom-4 left-1/2 z-50 -translate-x-1/2 flex w-[calc(100vw-2rem)] max-w-[360px] flex-col gap-2 outline-none">
          <ToastList />
        </BaseToast.Viewport>
      </BaseToast.Portal>
    </BaseToast.Provider>
  );
}

function ToastList() {
  const t = useTranslations("common");
  const { toasts: shown } = BaseToast.useToastManager();
  return shown.map((toast) => (
    <BaseToast.Root
      key={toast.id}
      toast={toast}
      className="rounded-surface border border-border bg-float shadow-float transition-[opacity,translate] duration-180 data-starting-style:translate-y-2 data-starting-style:opacity-0 data-ending-style:opacity-0"
    >
      <BaseToast.Content className="flex items-start gap-2.5 py-2.5 pr-2 pl-3">
        {toast.type === "failed" ? (
          <CircleAlert size={16} strokeWidth={1.5} aria-hidden className="mt-0.5 shrink-0 text-danger" />
        ) : (
          <CircleCheck size={16} strokeWidth={1.5} aria-hidden className="mt-0.5 shrink-0 text-ok" />
        )}
        <div className="min-w-0 flex-1">
          <BaseToast.Title className="text-sm font-medium" />
          <BaseToast.Description className={cn("text-sm break-words text-muted")} />
        </div>
        <BaseToast.Close
          render={<Button variant="ghost" size="icon" className="-my-1 size-7" aria-label={t("dismiss")} />}
        >
          <X strokeWidth={1.5} aria-hidden />
        </BaseToast.Close>
      </BaseToast.Content>
    </BaseToast.Root>
  ));
}
