import type { LiveFigures } from "./live-updates.ts";
import type { Figures } from "./measure.ts";
import type { ScenarioName } from "./scenarios.ts";

/** What has to be reached in one run; the first is what the run fails without. */
export const GOALS = { peerMust: 5, peer: 12, floor: 0.35, p99Ms: 10, size: 1.25, createsPerSecond: 300 } as const;

/** The figures of one scenario, by who was asked. Absent: does not know the scenario. */
export interface Compared {
  readonly latchkey: Figures | undefined;
  /** Latchkey with a small table. */
  readonly small: Figures | undefined;
  readonly peer: Figures | undefined;
  readonly floor: Figures | undefined;
}

export function comparisonTable({ latchkey, small, peer, floor }: Compared): string {
  const rows = [latchkey, small, peer, floor].filter((figures) => figures !== undefined);
  return table(
    ["", "per second", "p50 ms", "p99 ms", "CPU µs", "Latchkey is"],
    rows.map((figures) => [
      figures.name,
      whole(figures.requestsPerSecond),
      fine(figures.p50),
      fine(figures.p99),
      whole(figures.cpuMicroseconds),
      figures === latchkey ? "" : `${(rate(latchkey) / rate(figures)).toFixed(2)} ×`,
    ]),
  );
}

/** How often as many answers as the peer's in the same time. */
export function timesPeer({ latchkey, peer }: Compared): number {
  return rate(latchkey) / rate(peer);
}

/** The goals that a scenario has, met or not. */
export function goalLines(scenario: ScenarioName, compared: Compared): string {
  const { latchkey, small, floor } = compared;
  if (scenario === "creates") {
    const perSecond = rate(latchkey);
    return goal(perSecond >= GOALS.createsPerSecond, `${GOALS.createsPerSecond} a second: ${whole(perSecond)}`);
  }
  const toPeer = timesPeer(compared);
  const toFloor = rate(latchkey) / rate(floor);
  const bySize = (latchkey?.cpuMicroseconds ?? Number.NaN) / (small?.cpuMicroseconds ?? Number.NaN);
  const p99 = latchkey?.p99 ?? Number.NaN;
  return [
    goal(toPeer >= GOALS.peer, `${GOALS.peer} times the better-auth peer: ${toPeer.toFixed(1)} times`),
    goal(toFloor >= GOALS.floor, `${GOALS.floor} of the floor: ${toFloor.toFixed(2)} of it`),
    goal(p99 <= GOALS.p99Ms, `p99 within ${GOALS.p99Ms} ms: ${fine(p99)} ms`),
    goal(
      bySize <= GOALS.size,
      `within ${GOALS.size} of the time with a small table: ${bySize.toFixed(2)} of the CPU time`,
    ),
  ].join("\n");
}

export function liveTable(figures: readonly LiveFigures[]): string {
  return table(
    ["subscribers", "first p50 ms", "first p99", "last p50", "last p99", "writer's answer p50", "changes"],
    figures.map(({ subscribers, first, last, answer, changes }) => [
      String(subscribers),
      ...[first.p50, first.p99, last.p50, last.p99, answer.p50].map(fine),
      String(changes),
    ]),
  );
}

function rate(figures: Figures | undefined): number {
  return figures?.requestsPerSecond ?? Number.NaN;
}

function goal(met: boolean, text: string): string {
  return `${met ? "✓" : "✗"} ${text}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    )
    .join("\n");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function fine(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 2 : 1);
}
