import { useErrorMessage, type AppError } from "../lib/error-message.ts";
import { Callout } from "./callout.tsx";
import { TraceId } from "./trace-id.tsx";

/** Why a form or a dialog could not do its work; nothing while `error` is null. */
export function FormError({ error, className }: { error: AppError | null; className?: string }) {
  const message = useErrorMessage();
  if (error === null) return null;
  return (
    <Callout tone="danger" role="alert" className={className}>
      <p>{message(error)}</p>
      {error.fields.map((field) => (
        <p key={field.path} className="text-muted">
          {field.message}
        </p>
      ))}
      {error.traceId !== null && <TraceId traceId={error.traceId} />}
    </Callout>
  );
}
