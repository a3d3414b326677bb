import { runInChild } from "./child-process.ts";
import type { ChildServer } from "./child-server.ts";
import type { LoadOrder, LoadResult } from "./load-client.ts";
import { machineTime, stolenShare } from "./machine-time.ts";
import { ASKED_ONCE, type ScenarioName } from "./scenarios.ts";

const CONNECTIONS = 32;
// Servers run for days; it takes some ten thousand requests until their code is compiled as it then is, of every one of them.
const WARM_UP_SECONDS = 12;
const ROUNDS = 5;
// On a shared machine the host takes time away in bursts, which say nothing about the server that was just asked. A round is calm
// when no more than this part of the time was taken, and so many are tried for enough calm ones of every server.
const CALM = 0.01;
const ROUNDS_MAX = 15;
const CLIENT_WARM_UP_SECONDS = 1;

/** Each the median of the five rounds in which the host took least. */
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
  /** How many rounds were run. */
  readonly rounds: number;
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
  for (const [name, server] of able) {
    await load(name, server, scenario, { seconds: WARM_UP_SECONDS, turn: 0 });
    rounds.set(name, []);
  }
  const most = ASKED_ONCE.has(scenario) ? ROUNDS : ROUNDS_MAX;
  for (let turn = 1; turn <= ROUNDS || (turn <= most && ![...rounds.values()].every(isEnough)); turn += 1) {
    for (const [name, server] of able) {
      rounds.get(name)?.push(await load(name, server, scenario, { seconds: secondsPerServer / ROUNDS, turn }));
    }
  }
  return [...rounds].map(([name, all]) => {
    const calmest = all.toSorted((one, other) => one.stolen - other.stolen).slice(0, ROUNDS);
    return {
      name,
      requestsPerSecond: median(calmest.map((round) => round.requestsPerSecond)),
      p50: median(calmest.map((round) => round.p50)),
      p99: median(calmest.map((round) => round.p99)),
      cpuMicroseconds: median(calmest.map((round) => round.cpuMicroseconds / round.requests)),
      stolen: median(calmest.map((round) => round.stolen)),
      rounds: all.length,
    };
  });
}

/** Where nobody knows what was taken, every round is calm. */
function isEnough(rounds: readonly Round[]): boolean {
  return rounds.filter(({ stolen }) => !(stolen > CALM)).length >= ROUNDS;
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
  const start = Math.floor((asked.requests.length * (turn % (ROUNDS + 1))) / (ROUNDS + 1));
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
