import { cpus } from "node:os";
import { startChildServer } from "../bench/child-server.ts";
import { measureCreates } from "../bench/creates.ts";
import { measureLiveUpdates, type LiveFigures } from "../bench/live-updates.ts";
import { createsTable, GOALS, goalLines, liveTable, verifyRatios, verifyTable } from "../bench/report.ts";
import { measureVerify } from "../bench/verify.ts";
import { OperatorError } from "../server/operator-error.ts";
import { parseOptions } from "./lib/arguments.ts";
import { runScript, step } from "./lib/terminal.ts";

const HELP = `npm run bench: Latchkey against what one would use instead, in one run on this machine

  verify    by HTTP, 32 connections: Latchkey; better-auth with its API-key plugin on Hono over SQLite (WAL, FULL);
            the floor of bare node:http, SHA-256 and a Map
  live      from sending a change to the first and the last of 1, 100 and 500 subscribers having it
  creates   keys per second, each on the disk before it is answered

  npm run bench -- [options]
  --keys <n>      keys in each table               100000
  --seconds <n>   per measurement                  7
  --help          this text

Figures depend on the machine; the ratios are what to read.`;

await runScript(async () => {
  const options = parseOptions("npm run bench --", { keys: { type: "string" }, seconds: { type: "string" } });
  if (options.help === true) {
    console.log(HELP);
    return 0;
  }
  const keys = positive("--keys", options.keys ?? "100000");
  const seconds = positive("--seconds", options.seconds ?? "7");
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.versions.node}`);

  const starting = step(`Starting three servers with ${keys.toLocaleString("en-US")} keys each`);
  await using latchkey = await startChildServer("latchkey", [String(keys)]);
  const { owner } = latchkey.ready;
  if (owner === undefined) throw new Error("the Latchkey under test names no owner");
  let ratios: ReturnType<typeof verifyRatios>;
  {
    await using peer = await startChildServer("better-auth", [String(keys)]);
    await using floor = await startChildServer("floor", [String(keys)]);
    starting.done();
    const verifying = step("Verifying keys against each of them in turn, 32 connections");
    const figures = await measureVerify(
      { Latchkey: latchkey, "better-auth + Hono + SQLite": peer, "node:http + SHA-256 + Map": floor },
      seconds,
    );
    verifying.done();
    ratios = verifyRatios(figures);
    console.log(`\n${verifyTable(figures)}\n\n${goalLines(ratios)}\n`);
  }

  const live: LiveFigures[] = [];
  for (const subscribers of [1, 100, 500]) {
    const watching = step(`Live updates with ${subscribers} ${subscribers === 1 ? "subscriber" : "subscribers"}`);
    live.push(await measureLiveUpdates(latchkey.ready, owner, subscribers, seconds));
    watching.done();
  }
  console.log(`\n${liveTable(live)}\n`);

  const creating = step("Creating keys, 32 connections");
  const creates = await measureCreates(latchkey.ready, owner, seconds);
  creating.done();
  console.log(`\n${createsTable(creates)}`);
  return ratios.toPeer >= GOALS.peerMust ? 0 : 1;
});

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new OperatorError(`${option} ${text} makes no sense`, "give a whole number above zero", { exitCode: 2 });
}
