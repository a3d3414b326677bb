import { cn } from "../lib/cn.ts";

/** A grey stand-in in the final shape of what is loading; shows itself after 150 ms. Give it its size by `className`. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cn("skeleton block rounded-[4px] bg-raised", className)} />;
}
