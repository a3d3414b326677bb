import { runInChild } from "./child-process.ts";
import type { ChildServer } from "./child-server.ts";
import type { LoadOrder, LoadResult } from "./load-client.ts";

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const ROUNDS = 3;

export interface VerifyFigures {
  readonly name: string;
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the server per request. */
  readonly cpuMicroseconds: number;
}

interface Round extends LoadResult {
  readonly cpuMicroseconds: number;
}

/**
 * Verifies keys against each server in turn, several rounds of it: on a shared machine the minutes differ, and what is compared has
 * to see the same ones. Throws when a server gives a wrong answer.
 */
export async function measureVerify(
  servers: Readonly<Record<string, ChildServer>>,
  secondsPerServer: number,
): Promise<VerifyFigures[]> {
  const rounds = new Map<string, Round[]>();
  for (const [name, server] of Object.entries(servers)) {
    await load(name, server, WARM_UP_SECONDS);
    rounds.set(name, []);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, server] of Object.entries(servers)) {
      rounds.get(name)?.push(await load(name, server, secondsPerServer / ROUNDS));
    }
  }
  return [...rounds].map(([name, results]) => ({
    name,
    requestsPerSecond: mean(results.map((result) => result.requestsPerSecond)),
    p50: mean(results.map((result) => result.p50)),
    p99: mean(results.map((result) => result.p99)),
    cpuMicroseconds: mean(results.map((result) => result.cpuMicroseconds / result.requests)),
  }));
}

async function load(name: string, server: ChildServer, seconds: number): Promise<Round> {
  const { ready } = server;
  const requests = ready.keys.map((key) => httpPost(ready.path, ready.headers, { key }));
  const order: LoadOrder = {
    port: ready.port,
    requests,
    connections: CONNECTIONS,
    seconds,
    status: 200,
    expect: '"valid":true',
  };
  const before = await server.cpuMicroseconds();
  const result = requireRight(name, await runInChild<LoadResult>("./load-client.ts", order));
  return { ...result, cpuMicroseconds: (await server.cpuMicroseconds()) - before };
}

/** A whole HTTP/1.1 request with a JSON body, as text. */
export function httpPost(path: string, headers: Readonly<Record<string, string>>, body: unknown): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: "localhost",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${path} HTTP/1.1`, ...lines, "", text].join("\r\n");
}

/** Throws when any answer was not the right one: a fast refusal is no result. */
export function requireRight(name: string, result: LoadResult): LoadResult {
  if (result.wrong > 0)
    throw new Error(`${name} gave ${result.wrong} wrong answers, the first one:\n${result.firstWrong}`);
  return result;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}
