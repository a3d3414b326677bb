import { RotateCcw } from "lucide-react";
import { useTranslations } from "use-intl";

import { toAppError, useErrorMessage } from "../lib/error-message.ts";
import { Button } from "./button.tsx";
import { StateView } from "./state-view.tsx";
import { TraceId } from "./trace-id.tsx";

type ErrorViewProps = { error: unknown; onRetry: () => void; fullPage?: boolean };

/** A view that could not be shown: what happened, what to do, Retry, and the trace id to hand on. */
export function ErrorView({ error, onRetry, fullPage }: ErrorViewProps) {
  const t = useTranslations("errorView");
  const appError = toAppError(error);
  const message = useErrorMessage()(appError);
  return (
    <StateView
      title={t("title")}
      role="alert"
      fullPage={fullPage}
      actions={
        <Button onClick={onRetry}>
          <RotateCcw strokeWidth={1.5} aria-hidden />
          {t("retry")}
        </Button>
      }
    >
      <p>{message}</p>
      {appError.traceId !== null && <TraceId traceId={appError.traceId} className="mt-3 justify-center" />}
    </StateView>
  );
}
