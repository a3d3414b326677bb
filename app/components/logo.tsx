import { cn } from "../lib/cn.ts";

/** The keyhole, in the accent colour. Decorative: the word beside it names the product. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={cn("size-6", className)}>
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <path d="M16 7.5a5 5 0 0 1 2.4 9.4l1.5 7.6h-7.8l1.5-7.6A5 5 0 0 1 16 7.5Z" className="fill-accent-text" />
    </svg>
  );
}
