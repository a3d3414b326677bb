import { cn } from "../lib/cn.ts";
import { CopyButton } from "./copy-button.tsx";

type CopyLineProps = {
  value: string;
  /** What it is, for the copy button's name. */
  what: string;
  /** Breaks long text over lines instead of scrolling it sideways. */
  wrap?: boolean;
  onCopied?: () => void;
  className?: string;
};

/** A line of code, an id or an address in mono, selectable, with its copy button. */
export function CopyLine({ value, what, wrap, onCopied, className }: CopyLineProps) {
  return (
    <div className={cn("flex min-w-0 items-start rounded-control border border-border bg-raised/60", className)}>
      <pre
        // A scrolling region must be reachable by keyboard.
        tabIndex={wrap ? undefined : 0}
        aria-label={wrap ? undefined : what}
        role={wrap ? undefined : "group"}
        className={cn(
          "min-w-0 flex-1 px-3 py-1.5 text-sm select-text",
          wrap ? "break-all whitespace-pre-wrap" : "overflow-x-auto whitespace-pre",
        )}
        onCopy={onCopied}
      >
        {value}
      </pre>
      <CopyButton value={value} what={what} iconOnly variant="ghost" onCopied={onCopied} />
    </div>
  );
}
