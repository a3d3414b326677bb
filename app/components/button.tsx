import { Button as BaseButton } from "@base-ui/react/button";
import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";

import { cn } from "../lib/cn.ts";

export const buttonStyles = cva(
  [
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-control border font-medium whitespace-nowrap select-none",
    "transition-colors [&_svg]:size-4 [&_svg]:shrink-0",
    "data-disabled:cursor-not-allowed data-disabled:opacity-50",
  ],
  {
    variants: {
      variant: {
        primary: "border-transparent bg-accent text-accent-text hover:not-data-disabled:bg-accent-hover",
        secondary: "border-control/60 bg-surface text-text hover:not-data-disabled:bg-raised",
        ghost: "border-transparent text-muted hover:not-data-disabled:bg-raised hover:not-data-disabled:text-text",
        danger:
          "border-transparent bg-danger-solid text-[oklch(0.99_0_0)] hover:not-data-disabled:bg-danger-solid-hover",
        // Beside milder actions, where the confirm that follows is the loud one.
        dangerQuiet: "border-control/60 bg-surface text-danger hover:not-data-disabled:bg-danger-soft",
      },
      size: {
        base: "h-8 px-3 text-sm",
        large: "h-9 px-4 text-base",
        icon: "size-8 p-0",
        small: "h-7 px-2 text-sm",
      },
    },
    defaultVariants: { variant: "secondary", size: "base" },
  },
);

type ButtonProps = ComponentProps<typeof BaseButton> &
  VariantProps<typeof buttonStyles> & {
    /** Work is under way: the button keeps its place and focus but takes no more presses. */
    busy?: boolean;
  };

/** A real button. `variant="primary"` at most once per view; `danger` only where something ends for good. */
export function Button({ variant, size, className, busy, disabled, ...props }: ButtonProps) {
  return (
    <BaseButton
      {...props}
      disabled={disabled || busy}
      focusableWhenDisabled={busy || props.focusableWhenDisabled}
      aria-busy={busy || undefined}
      className={cn(buttonStyles({ variant, size }), typeof className === "string" && className)}
    />
  );
}
