import type { LiveFigures } from "./live-updates.ts";
import type { LoadResult } from "./load-client.ts";
import type { VerifyFigures } from "./verify.ts";

/** What verifying must and should reach, as ratios to the others measured in the same run. */
export const GOALS = { peerMust: 5, peerShould: 12, floorShould: 0.5 } as const;

export interface VerifyRatios {
  readonly toPeer: number;
  readonly toFloor: number;
}

/** The first three figures are Latchkey's, the peer's and the floor's, in this order. */
export function verifyRatios([latchkey, peer, floor]: readonly VerifyFigures[]): VerifyRatios {
  return { toPeer: rate(latchkey) / rate(peer), toFloor: rate(latchkey) / rate(floor) };
}

export function verifyTable(figures: readonly VerifyFigures[]): string {
  const own = figures[0]?.requestsPerSecond ?? Number.NaN;
  return table(
    ["", "verify/s", "p50 ms", "p99 ms", "CPU µs", "Latchkey is"],
    figures.map(({ name, requestsPerSecond, p50, p99, cpuMicroseconds }, index) => [
      name,
      whole(requestsPerSecond),
      fine(p50),
      fine(p99),
      whole(cpuMicroseconds),
      index === 0 ? "" : `${(own / requestsPerSecond).toFixed(2)} ×`,
    ]),
  );
}

export function goalLines({ toPeer, toFloor }: VerifyRatios): string {
  return [
    goal(toPeer >= GOALS.peerMust, `at least ${GOALS.peerMust} times the better-auth peer: ${toPeer.toFixed(1)} times`),
    goal(toPeer >= GOALS.peerShould, `the goal after that, ${GOALS.peerShould} times: ${toPeer.toFixed(1)} times`),
    goal(toFloor >= GOALS.floorShould, `the goal of half the floor: ${(toFloor * 100).toFixed(0)} % of it`),
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

export function createsTable({ requestsPerSecond, p50, p99 }: LoadResult): string {
  return table(
    ["", "creates/s", "p50 ms", "p99 ms"],
    [["durable creates", whole(requestsPerSecond), fine(p50), fine(p99)]],
  );
}

function rate(figures: VerifyFigures | undefined): number {
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
