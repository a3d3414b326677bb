import { useFormatter } from "use-intl";

import { cn } from "../lib/cn.ts";
import { Tooltip } from "./tooltip.tsx";

type TimeProps = {
  /** Epoch ms. */
  at: number;
  /** Epoch ms; pass the clock of the list so that all rows agree. */
  now: number;
  className?: string;
};

/** A moment as people say it ("in 6 days"), exact with its zone on hover. */
export function RelativeTime({ at, now, className }: TimeProps) {
  const format = useFormatter();
  const exact = format.dateTime(at, { dateStyle: "medium", timeStyle: "long" });
  return (
    <Tooltip content={exact}>
      <time dateTime={new Date(at).toISOString()} className={cn("relative z-10 rounded-[4px] tabular-nums", className)}>
        {format.relativeTime(at, { now, numberingSystem: "latn", style: "short" })}
      </time>
    </Tooltip>
  );
}

/** The exact moment, with its zone. */
export function ExactTime({ at }: { at: number }) {
  const format = useFormatter();
  return (
    <time dateTime={new Date(at).toISOString()} className="tabular-nums">
      {format.dateTime(at, { dateStyle: "medium", timeStyle: "short" })}
    </time>
  );
}
