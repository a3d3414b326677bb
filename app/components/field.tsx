import { Field as BaseField } from "@base-ui/react/field";
import type { ReactNode } from "react";

import { cn } from "../lib/cn.ts";

type FieldProps = {
  label: string;
  /** Shown under the control until there is an error to show. */
  hint?: ReactNode;
  /** What is wrong with the value and what to do; null when nothing is. */
  error?: string | null;
  /** Beside the label, in muted text: "optional". */
  note?: string;
  name?: string;
  className?: string;
  children: ReactNode;
};

/** Label, control, and hint or error, wired to each other for screen readers. */
export function Field({ label, hint, error, note, name, className, children }: FieldProps) {
  return (
    <BaseField.Root name={name} invalid={error != null} className={cn("flex min-w-0 flex-col gap-1.5", className)}>
      <BaseField.Label className="flex items-baseline gap-1.5 text-sm font-medium">
        {label}
        {note !== undefined && <span className="font-normal text-muted">{note}</span>}
      </BaseField.Label>
      {children}
      {error != null ? (
        <BaseField.Error match className="text-sm text-danger">
          {error}
        </BaseField.Error>
      ) : (
        hint !== undefined && <BaseField.Description className="text-sm text-muted">{hint}</BaseField.Description>
      )}
    </BaseField.Root>
  );
}
