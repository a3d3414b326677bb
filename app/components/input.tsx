import { Field } from "@base-ui/react/field";
import { Input as BaseInput } from "@base-ui/react/input";
import type { ComponentProps } from "react";

import { cn } from "../lib/cn.ts";

export const controlStyles = cn(
  "w-full min-w-0 rounded-control border border-control bg-surface px-2.5 text-base text-text transition-colors",
  "placeholder:text-muted hover:border-muted",
  "focus-visible:border-accent focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent/40",
  "aria-invalid:border-danger data-invalid:border-danger disabled:cursor-not-allowed disabled:opacity-50",
);

/** A one-line text control; put it in a `Field` for its label, hint and error. */
export function Input({ className, ...props }: ComponentProps<typeof BaseInput>) {
  return <BaseInput {...props} className={cn(controlStyles, "h-8", typeof className === "string" && className)} />;
}

/** Several lines of text; put it in a `Field`. */
export function Textarea({ className, ...props }: ComponentProps<typeof Field.Control>) {
  return (
    <Field.Control
      {...props}
      render={<textarea />}
      className={cn(controlStyles, "min-h-16 resize-y py-1.5", typeof className === "string" && className)}
    />
  );
}
