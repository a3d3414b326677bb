import { runInChild } from "./child-process.ts";
import type { ChildServer } from "./child-server.ts";
import type { LoadOrder, LoadResult } from "./load-client.ts";
import { machineTime, stolenShare } from "./machine-time.ts";
import type { ScenarioName } from "./scenarios.ts";

const CONNECTIONS = 32;
// Servers run for days; it takes some ten thousand requests until their code is compiled as it then is, of every one of them.
const WARM_UP_SECONDS = 12;
const ROUNDS = 5;
const CLIENT_WARM_UP_SECONDS = 1;

/** Each the median of all rounds: one in which the host gave its time to others says nothing about the server. */
export interface Figures {
  readonly name: string;
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the server per request. */
  readonly cpuMicroseconds: number;
  /** The part of the machine's time that its host gave to others meanwhile, 0 to 1; NaN where that is not known. */
  readonly stolen: number;
}

interface Round extends LoadResult {
  readonly cpuMicroseconds: number;
  readonly stolen: number;
}

/**
 * Asks each server that knows the scenario in turn, several rounds of it: on a shared machine the minutes differ, and what is
 * compared has to see the same ones. Throws when a server gives a wrong answer.
 */
export async function measure(
  servers: Readonly<Record<string, ChildServer>>,
  scenario: ScenarioName,
  secondsPerServer: number,
): Promise<Figures[]> {
  const rounds = new Map<string, Round[]>();
  const able = Object.entries(servers).filter(([, { ready }]) => ready.scenarios[scenario] !== undefined);
  let turn = 0;
  for (const [name, server] of able) {
    await load(name, server, scenario, { seconds: WARM_UP_SECONDS, turn });
    rounds.set(name, []);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    turn += 1;
    for (const [name, server] of able) {
      rounds.get(name)?.push(await load(name, server, scenario, { seconds: secondsPerServer / ROUNDS, turn }));
    }
  }
  return [...rounds].map(([name, results]) => ({
    name,
    requestsPerSecond: median(results.map((result) => result.requestsPerSecond)),
    p50: median(results.map((result) => result.p50)),
    p99: median(results.map((result) => result.p99)),
    cpuMicroseconds: median(results.map((result) => result.cpuMicroseconds / result.requests)),
    stolen: median(results.map((result) => result.stolen)),
  }));
}

async function load(
  name: string,
  server: ChildServer,
  scenario: ScenarioName,
  { seconds, turn }: { seconds: number; turn: number },
): Promise<Round> {
  const asked = server.ready.scenarios[scenario];
  if (asked === undefined) throw new Error(`${name} does not know the scenario ${scenario}`);
  // Each turn begins elsewhere, so that what may be asked once only is not asked again.
  const start = Math.floor((asked.requests.length * turn) / (ROUNDS + 1));
  const order: LoadOrder = {
    ...asked,
    requests: [...asked.requests.slice(start), ...asked.requests.slice(0, start)],
    port: server.ready.port,
    connections: CONNECTIONS,
    warmUpSeconds: CLIENT_WARM_UP_SECONDS,
    seconds,
  };
  const machineBefore = machineTime();
  const before = await server.cpuMicroseconds();
  const result = requireRight(name, await runInChild<LoadResult>("./load-client.ts", order));
  const cpuMicroseconds = (await server.cpuMicroseconds()) - before;
  return { ...result, cpuMicroseconds, stolen: stolenShare(machineBefore, machineTime()) };
}

/** Throws when any answer was not the right one: a fast refusal is no result. */
function requireRight(name: string, result: LoadResult): LoadResult {
  if (result.wrong > 0)
    throw new Error(`${name} gave ${result.wrong} wrong answers, the first one:\n${result.firstWrong}`);
  return result;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
