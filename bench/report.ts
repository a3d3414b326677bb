import type { LiveFigures } from "./live-updates.ts";
import type { Figures } from "./measure.ts";
import type { ScenarioName } from "./scenarios.ts";

/** How often as many verifications as the peer's a run must not fall below. */
export const PEER_MUST = 5;

/** Times the peer's rate, part of the floor's, milliseconds, times the CPU time with a small table, and answers a second. */
type Goals = { peer?: number; floor?: number; p99Ms?: number; size?: number; perSecond?: number };

/** What is to be reached. Keys that hardly come twice and creations are shown beside the peer without a goal in its terms. */
const GOALS: Readonly<Record<ScenarioName, Goals>> = {
  verify: { peer: 12, floor: 0.35, p99Ms: 10, size: 1.25 },
  limited: { peer: 5, size: 1.25 },
  spread: { peer: 1 },
  whoami: { peer: 12, floor: 0.35, p99Ms: 10, size: 1.25 },
  creates: { perSecond: 300 },
};

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
    ["", "per second", "p50 ms", "p99 ms", "CPU µs", "stolen", "Latchkey is"],
    rows.map((figures) => [
      figures.name,
      whole(figures.requestsPerSecond),
      fine(figures.p50),
      fine(figures.p99),
      whole(figures.cpuMicroseconds),
      Number.isNaN(figures.stolen) ? "?" : `${(figures.stolen * 100).toFixed(0)} %`,
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
  const { peer, floor: ofFloor, p99Ms, size, perSecond } = GOALS[scenario];
  const toPeer = timesPeer(compared);
  const toFloor = rate(latchkey) / rate(floor);
  const bySize = (latchkey?.cpuMicroseconds ?? Number.NaN) / (small?.cpuMicroseconds ?? Number.NaN);
  const p99 = latchkey?.p99 ?? Number.NaN;
  return [
    peer !== undefined && goal(toPeer >= peer, `${peer} times the better-auth peer: ${toPeer.toFixed(1)} times`),
    ofFloor !== undefined && goal(toFloor >= ofFloor, `${ofFloor} of the floor: ${toFloor.toFixed(2)} of it`),
    p99Ms !== undefined && goal(p99 <= p99Ms, `p99 within ${p99Ms} ms: ${fine(p99)} ms`),
    size !== undefined &&
      goal(bySize <= size, `within ${size} of the CPU time with a small table: ${bySize.toFixed(2)} of it`),
    perSecond !== undefined && goal(rate(latchkey) >= perSecond, `${perSecond} a second: ${whole(rate(latchkey))}`),
  ]
    .filter((line) => line !== false)
    .join("\n");
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
