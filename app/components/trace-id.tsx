import { useTranslations } from "use-intl";

import { cn } from "../lib/cn.ts";
import { CopyButton } from "./copy-button.tsx";

/** Names a failed request so that whoever runs the server can find it in the log. */
export function TraceId({ traceId, className }: { traceId: string; className?: string }) {
  const t = useTranslations("errorView");
  return (
    <p className={cn("flex min-w-0 items-center gap-1 text-sm text-muted", className)}>
      {t("traceId")} <code className="truncate select-all">{traceId}</code>
      <CopyButton value={traceId} what={t("traceId")} iconOnly variant="ghost" className="size-6" />
    </p>
  );
}
