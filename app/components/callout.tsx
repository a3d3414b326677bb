import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { cn } from "../lib/cn.ts";

const tones = {
  danger: { icon: CircleAlert, box: "bg-danger-soft", ink: "text-danger" },
  warn: { icon: TriangleAlert, box: "bg-warn-soft", ink: "text-warn" },
  info: { icon: Info, box: "bg-info-soft", ink: "text-info" },
};

type CalloutProps = { tone: keyof typeof tones; children: ReactNode; role?: "alert"; className?: string };

/** A sentence that must not be missed, inside a form or a dialog. */
export function Callout({ tone, children, role, className }: CalloutProps) {
  const { icon: Icon, box, ink } = tones[tone];
  return (
    <div role={role} className={cn("flex items-start gap-2 rounded-control px-3 py-2 text-sm", box, className)}>
      <Icon size={16} strokeWidth={1.5} aria-hidden className={cn("mt-0.5 shrink-0", ink)} />
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  );
}
