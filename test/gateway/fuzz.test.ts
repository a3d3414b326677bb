import { inspect } from "node:util";
import { expect, test, vi } from "vitest";
import { Dice } from "../helpers/dice.ts";
import { hostileRequest } from "./hostile-requests.ts";
import type { HostileRequest } from "./hostile-requests.ts";
import { openHostileWorld } from "./hostile-world.ts";
import { RawClient } from "./raw-exchange.ts";
import type { RawAnswer } from "./raw-exchange.ts";

// CONTRIBUTING says how to run more of them, and one alone.
const COUNT = Number(process.env["LATCHKEY_FUZZ_REQUESTS"] ?? 3_000);
const SEED = Number(process.env["LATCHKEY_FUZZ_SEED"] ?? 1);
const ONLY = process.env["LATCHKEY_FUZZ_ONLY"];
const CONNECTIONS = 8;
const MAX_REPORTED = 20;
const MINUTE_MS = 60_000;

test(
  `none of ${COUNT} hostile requests gets a fault, a stack trace or another organization's data`,
  { timeout: MINUTE_MS + COUNT * 20 },
  async () => {
    const log = captureLog();
    await using world = await openHostileWorld();
    const before = await world.victim();
    const failures: string[] = [];
    const statuses = new Map<number, number>();
    let next = 0;

    async function attack(): Promise<void> {
      using client = new RawClient(world.url);
      while (next < COUNT && failures.length < MAX_REPORTED) {
        const index = ONLY === undefined ? next : Number(ONLY);
        next = ONLY === undefined ? next + 1 : COUNT;
        const request = hostileRequest(new Dice(SEED, index), world.arsenal);
        try {
          for (const answer of await client.send(request)) {
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
            const complaint = world.judge(request, answer);
            if (complaint !== null) failures.push(describe(index, request, complaint, answer));
          }
        } catch (error) {
          failures.push(describe(index, request, inspect(error)));
        }
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, attack));

    const summary = [...statuses].toSorted(([left], [right]) => left - right).map((pair) => pair.join(": "));
    if (COUNT > 3_000 || failures.length > 0)
      process.stdout.write(`seed ${SEED}, answers by status: ${summary.join(", ")}\n`);
    expect(failures.join("\n\n"), `LATCHKEY_FUZZ_SEED=${SEED}`).toBe("");
    expect(log(), "what the process logged").toEqual([]);
    expect(await world.victim()).toEqual(before);
    expect(await world.stillServes()).toEqual({ key: 200, member: 200, owner: 200, health: 200 });
    // The requests must have got past the first refusal, or this shows nothing.
    expect(
      Math.min(...[200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422].map((status) => statuses.get(status) ?? 0)),
      summary.join(", "),
    ).toBeGreaterThan(ONLY === undefined ? 0 : -1);
  },
);

function describe(index: number, request: HostileRequest, complaint: string, answer?: RawAnswer): string {
  const got = answer === undefined ? "" : `\n${answer.status} ${inspect(answer.headers)}\n${shorten(answer.body)}`;
  const sent = shorten(JSON.stringify(request.bytes.toString("latin1")));
  return `${complaint}\nLATCHKEY_FUZZ_SEED=${SEED} LATCHKEY_FUZZ_ONLY=${index}\n${sent}${got}`;
}

/** Repetitions counted instead of shown. */
function shorten(text: string): string {
  const counted = text.replaceAll(/(.{1,8}?)\1{15,}/gs, (all, unit: string) => `{${unit}×${all.length / unit.length}}`);
  return counted.length > 3_000 ? `${counted.slice(0, 2_000)} … ${counted.slice(-900)}` : counted;
}

/** Collects what the process writes to its log from here on. */
function captureLog(): () => string[] {
  const lines: string[] = [];
  for (const name of ["error", "warn", "log", "info"] as const) {
    vi.spyOn(console, name).mockImplementation(
      (...words) => void lines.push(words.map((word) => (typeof word === "string" ? word : inspect(word))).join(" ")),
    );
  }
  return () => lines.slice(0, MAX_REPORTED);
}
