import { cpus } from "node:os";
import { startChildServer } from "../bench/child-server.ts";
import { measureLiveUpdates, type LiveFigures } from "../bench/live-updates.ts";
import { measure, type Figures } from "../bench/measure.ts";
import { comparisonTable, goalLines, liveTable, PEER_MUST, timesPeer, type Compared } from "../bench/report.ts";
import { SCENARIOS, type ScenarioName } from "../bench/scenarios.ts";
import { OperatorError } from "../server/operator-error.ts";
import { parseOptions } from "./lib/arguments.ts";
import { runScript, step } from "./lib/terminal.ts";

const HELP = `npm run bench: Latchkey against what one would use instead, in one run on this machine

  by HTTP, 32 connections: Latchkey with a full and with a small table; better-auth with its API-key plugin on Hono over SQLite
  (WAL, FULL); the floor of bare node:http, SHA-256 and a Map

${Object.entries(SCENARIOS)
  .map(([name, what]) => `  ${name.padEnd(9)} ${what}`)
  .join("\n")}
  live      From sending a change to the first and the last of 1, 100 and 500 subscribers having it

  npm run bench -- [options]
  --keys <n>      keys in each table               100000
  --only <name>   one of the above                 all
  --seconds <n>   per measurement                  6
  --help          this text

Figures depend on the machine; the ratios are what to read. "stolen" is the part of its time that a virtual machine's host gave
to others while that row was measured. A million keys take some minutes to make.`;

const SMALL = 1000;

await runScript(async () => {
  const options = parseOptions("npm run bench --", {
    keys: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string" },
  });
  if (options.help === true) {
    console.log(HELP);
    return 0;
  }
  const keys = positive("--keys", options.keys ?? "100000");
  const seconds = positive("--seconds", options.seconds ?? "6");
  const only = readOnly(options.only);
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.versions.node}`);

  const starting = step(
    `Starting Latchkey, its peer and the floor with ${count(keys)} keys each, and Latchkey with ${count(SMALL)}`,
  );
  await using latchkey = await startChildServer("latchkey", [String(keys)]);
  const { owner } = latchkey.ready;
  if (owner === undefined) throw new Error("the Latchkey under test names no owner");
  await using small = await startChildServer("latchkey", [String(SMALL)]);
  await using peer = await startChildServer("better-auth", [String(keys)]);
  await using floor = await startChildServer("floor", [String(keys)]);
  starting.done();

  const names = {
    latchkey: "Latchkey",
    small: `Latchkey, ${count(SMALL)} keys`,
    peer: "better-auth + Hono + SQLite",
    floor: "node:http + SHA-256 + Map",
  };
  const servers = { [names.latchkey]: latchkey, [names.small]: small, [names.peer]: peer, [names.floor]: floor };
  let failed = false;
  for (const scenario of scenariosOf(only)) {
    const measuring = step(SCENARIOS[scenario]);
    const figures = await measure(servers, scenario, seconds);
    measuring.done();
    const of = (name: string): Figures | undefined => figures.find((each) => each.name === name);
    const compared: Compared = {
      latchkey: of(names.latchkey),
      small: of(names.small),
      peer: of(names.peer),
      floor: of(names.floor),
    };
    console.log(`\n${comparisonTable(compared)}\n\n${goalLines(scenario, compared)}\n`);
    if (scenario === "verify" && timesPeer(compared) < PEER_MUST) failed = true;
  }

  if (only === undefined || only === "live") {
    const live: LiveFigures[] = [];
    for (const subscribers of [1, 100, 500]) {
      const watching = step(`Live updates with ${subscribers} ${subscribers === 1 ? "subscriber" : "subscribers"}`);
      live.push(await measureLiveUpdates(latchkey.ready, owner, subscribers, seconds));
      watching.done();
    }
    console.log(`\n${liveTable(live)}`);
  }
  return failed ? 1 : 0;
});

function scenariosOf(only: ScenarioName | "live" | undefined): ScenarioName[] {
  if (only === "live") return [];
  return only === undefined ? Object.keys(SCENARIOS).filter(isScenario) : [only];
}

function readOnly(name: string | undefined): ScenarioName | "live" | undefined {
  if (name === undefined || name === "live" || isScenario(name)) return name;
  const all = [...Object.keys(SCENARIOS), "live"].join(", ");
  throw new OperatorError(`--only ${name} is nothing that is measured`, `one of: ${all}`, { exitCode: 2 });
}

function isScenario(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new OperatorError(`${option} ${text} makes no sense`, "give a whole number above zero", { exitCode: 2 });
}
