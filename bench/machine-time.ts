import { readFileSync } from "node:fs";

/** CPU time of the whole machine since it started, in the kernel's ticks. */
export interface MachineTime {
  readonly total: number;
  /** What a virtual machine wanted and its host gave to others. */
  readonly stolen: number;
}

/** Null where there is no /proc/stat. */
export function machineTime(): MachineTime | null {
  let text: string;
  try {
    text = readFileSync("/proc/stat", "utf8");
  } catch {
    return null;
  }
  // proc_stat(5): user nice system idle iowait irq softirq steal, and the guests' time, which is in user and nice already.
  const [first = ""] = text.split("\n", 1);
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  return { total: ticks.reduce((sum, each) => sum + each, 0), stolen: ticks[7] ?? 0 };
}

/** The part of the machine's time, 0 to 1, that was stolen between two looks; NaN where nobody knows. */
export function stolenShare(before: MachineTime | null, after: MachineTime | null): number {
  if (before === null || after === null) return Number.NaN;
  return (after.stolen - before.stolen) / (after.total - before.total);
}
