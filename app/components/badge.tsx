import { cva, type VariantProps } from "class-variance-authority";
import type { ReactNode } from "react";

const badgeStyles = cva(
  "inline-flex h-[22px] w-fit items-center gap-1 rounded-full px-2 text-sm font-medium whitespace-nowrap [&_svg]:size-3.5",
  {
    variants: {
      tone: {
        neutral: "bg-raised text-muted ring-1 ring-border ring-inset",
        accent: "bg-accent-soft text-accent",
        ok: "bg-ok-soft text-ok",
        warn: "bg-warn-soft text-warn",
        danger: "bg-danger-soft text-danger",
        info: "bg-info-soft text-info",
      },
    },
    defaultVariants: { tone: "neutral" },
  },
);

export type Tone = NonNullable<VariantProps<typeof badgeStyles>["tone"]>;

/** A state in one word, with its icon: colour alone never carries the meaning. */
export function Badge({ tone, icon, children }: { tone?: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={badgeStyles({ tone })}>
      {icon}
      {children}
    </span>
  );
}

/** A quiet label in mono: permissions, environments, tags. */
export function Chip({ children }: { children: ReactNode }) {
  return (
    <span className="inline-flex h-[22px] items-center rounded-[4px] bg-raised px-1.5 font-mono text-[12px] whitespace-nowrap text-text">
      {children}
    </span>
  );
}
