import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { parseOptions } from "./lib/arguments.ts";
import { PROJECT, runProgram } from "./lib/program.ts";
import { runScript, step } from "./lib/terminal.ts";

const HELP = `npm run test:fresh-clone: the README's commands as written, where nothing is installed

  Clones what is committed into a temporary folder and runs the commands under "Start" with an empty npm cache and the machine's
  own Node, then signs up, makes a key, runs the README's first curl line with it, and starts a second time. Takes some minutes
  and downloads every dependency. The only change: PORT is 0, so that a busy port 3000 does not matter.`;

const READY = /Latchkey +(http:\S+)/;

await runScript(async () => {
  if (parseOptions("npm run test:fresh-clone --", {}).help === true) {
    console.log(HELP);
    return 0;
  }
  const root = await mkdtemp(join(tmpdir(), "latchkey-fresh-"));
  try {
    const readme = await readFile(join(PROJECT, "README.md"), "utf8");
    const env = bareEnvironment(root);
    const commands = shellBlock(readme, "## Start").replace("<this repository>", PROJECT);
    const installing = step(`In ${root}: ${commands.trim().replaceAll("\n", " ; ")}`);
    const first = startShell(commands, root, env);
    const url = await first.ready();
    installing.done();

    const using = step("The first key, by the README's curl line");
    const key = await makeKey(url);
    const curl = shellBlock(readme, "## The first key").replaceAll("http://localhost:3000", url);
    const said = await runProgram("bash", ["-c", curl.replace("curl", "curl -sS --fail-with-body")], {
      cwd: root,
      env: { ...env, LATCHKEY_KEY: key },
    });
    if (said.code !== 0 || !said.output.includes("keys:verify"))
      throw new Error(`the curl line answers: ${said.output}`);
    using.done();
    await first.interrupt();

    const startedAt = performance.now();
    const again = step("npm start, the second time");
    const second = startShell("npm start", join(root, "latchkey"), env);
    await second.ready();
    const took = (performance.now() - startedAt) / 1000;
    again.done();
    await second.interrupt();
    if (took > 3) throw new Error(`the second start took ${took.toFixed(1)} s; it may take 3`);
    return 0;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** What a login shell has: no npm variables, no node_modules of ours on the PATH, and an npm cache with nothing in it. */
function bareEnvironment(root: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|LATCHKEY_|CONVEX_|NODE_)/i.test(name));
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !/node_modules|node-gyp-bin/.test(folder));
  return {
    ...Object.fromEntries(kept),
    PATH: path.join(delimiter),
    PORT: "0",
    npm_config_cache: join(root, "npm-cache"),
  };
}

/** The first shell block after a heading of the README. */
function shellBlock(markdown: string, heading: string): string {
  const section = markdown.slice(markdown.indexOf(heading));
  const block = /```sh\n([\s\S]*?)```/.exec(section)?.[1];
  if (!section.startsWith(heading) || block === undefined)
    throw new Error(`the README has no commands under ${heading}`);
  return block;
}

function startShell(commands: string, cwd: string, env: NodeJS.ProcessEnv) {
  // A process group of its own, so that an interrupt reaches all of it, as a terminal's Ctrl-C does.
  const shell: ChildProcess = spawn("bash", ["-e", "-c", commands], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = once(shell, "close");
  for (const stream of [shell.stdout, shell.stderr]) stream?.on("data", (part: Buffer) => (output += part.toString()));
  return {
    async ready(): Promise<string> {
      for (;;) {
        const url = READY.exec(stripVTControlCharacters(output))?.[1];
        if (url !== undefined) return url;
        if (shell.exitCode !== null) throw new Error(`it ended with ${shell.exitCode}:\n${output}`);
        await Promise.race([once(shell.stdout ?? shell, "data"), ended]);
      }
    },
    async interrupt(): Promise<void> {
      if (shell.pid !== undefined) process.kill(-shell.pid, "SIGINT");
      const [code]: unknown[] = await ended;
      // npm itself may report the interrupt; what counts is that Latchkey ended by itself, which it says.
      if (!output.includes("Stopping")) throw new Error(`Ctrl-C ended it with ${String(code)}:\n${output}`);
    },
  };
}

async function makeKey(url: string): Promise<string> {
  const headers: Record<string, string> = { "content-type": "application/json", origin: url };
  const post = async (path: string, body: unknown): Promise<Response> => {
    const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  const signedUp = await post("/api/auth/sign-up/email", {
    name: "Fresh",
    email: "fresh@example.com",
    password: "fresh password",
  });
  headers.cookie = signedUp.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  await post("/api/auth/organization/create", { name: "Fresh", slug: "fresh" });
  const made: unknown = await (await post("/api/v1/keys", { name: "first", permissions: ["keys:verify"] })).json();
  if (typeof made === "object" && made !== null && "key" in made && typeof made.key === "string") return made.key;
  throw new Error("the key's creation answers without a key");
}
