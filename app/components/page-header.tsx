import type { ReactNode } from "react";

/** The top of a page: title, one sentence, one primary action. */
export function PageHeader({ title, sentence, action }: { title: string; sentence: string; action?: ReactNode }) {
  return (
    <header className="mb-6 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold tracking-[-0.01em]">{title}</h1>
        <p className="mt-0.5 text-base text-muted">{sentence}</p>
      </div>
      {action}
    </header>
  );
}
