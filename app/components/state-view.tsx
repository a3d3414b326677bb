import type { ReactNode } from "react";

import { cn } from "../lib/cn.ts";

type StateViewProps = {
  title: string;
  /** What this is for, or what happened and what to do. */
  children: ReactNode;
  /** The way on: at most one primary button and a link. */
  actions?: ReactNode;
  /** Takes the whole window rather than a place in a page. */
  fullPage?: boolean;
  /** Announces itself, for failures. */
  role?: "alert" | "status";
};

/** What stands in for content that is empty, forbidden, missing or failed. */
export function StateView({ title, children, actions, fullPage, role }: StateViewProps) {
  const Heading = fullPage ? "h1" : "h2";
  return (
    <div
      role={role}
      className={cn(
        "flex flex-col items-center justify-center px-6 text-center",
        fullPage ? "min-h-dvh" : "rounded-surface border border-border bg-surface py-16",
      )}
    >
      <Heading className="text-lg font-semibold">{title}</Heading>
      <div className="mt-1.5 max-w-[52ch] text-base text-pretty text-muted">{children}</div>
      {actions !== undefined && (
        <div className="mt-5 flex flex-wrap items-center justify-center gap-x-4 gap-y-2">{actions}</div>
      )}
    </div>
  );
}
