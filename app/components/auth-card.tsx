import type { ReactNode } from "react";

import { Logo } from "./logo.tsx";

/** The narrow page of someone who is not inside yet: signing in, signing up, naming an organization. */
export function AuthCard({
  title,
  sentence,
  children,
  footer,
}: {
  title: string;
  sentence: string;
  children: ReactNode;
  footer?: ReactNode;
}) {
  return (
    <main className="flex min-h-dvh flex-col items-center px-4 pt-[min(18vh,160px)] pb-12">
      <div className="w-full max-w-[380px]">
        <Logo className="size-9" />
        <h1 className="mt-5 text-xl font-semibold tracking-[-0.01em]">{title}</h1>
        <p className="mt-1 text-base text-muted">{sentence}</p>
        <div className="mt-6 rounded-surface border border-border bg-surface p-5">{children}</div>
        {footer !== undefined && <p className="mt-4 text-sm text-muted">{footer}</p>}
      </div>
    </main>
  );
}
