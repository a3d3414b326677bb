// The one script that must run on whatever Node a machine has (20 or newer), before anything is installed.
// It installs the pinned dependencies when they are missing or differ from the lock file, then hands over to the
// Node 24 that is one of them: `node scripts/bootstrap.mjs start --port 4000` ends as `node24 scripts/start.ts --port 4000`.

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_24 = join(PROJECT, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");
// The embedded backend loads functions as ES modules into a fresh realm, which Node has behind this flag.
const NODE_FLAGS = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
const OLDEST_NODE = 20;

const [name, ...args] = process.argv.slice(2);
process.exitCode = await main();

async function main() {
  const scripts = readdirSync(join(PROJECT, "scripts"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3));
  if (name === undefined || !scripts.includes(name)) {
    return fail(`there is no script called ${name ?? "(nothing)"}`, `one of: ${scripts.join(", ")}`);
  }
  if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    return fail(
      `Node ${process.versions.node} is too old`,
      `install Node ${OLDEST_NODE} or newer from https://nodejs.org`,
    );
  }
  if (!isInstalled()) {
    const code = await install();
    if (code !== 0) return code;
  }
  if (!existsSync(NODE_24)) {
    return fail(
      "the npm package `node` has no binary in node_modules",
      "its install script has to run: npm config set ignore-scripts false && npm rebuild node",
    );
  }
  return await run(NODE_24, [...NODE_FLAGS, join(PROJECT, "scripts", `${name}.ts`), ...args], {
    stdio: "inherit",
    env: {
      ...process.env,
      // As npm does for its scripts: tools that start `node` shall find this one, also when npm is not in between.
      PATH: `${dirname(NODE_24)}${delimiter}${process.env.PATH ?? ""}`,
      // Functions run in this process, and Convex runs them in UTC: a date without a zone means the same everywhere.
      TZ: "UTC",
    },
  });
}

/**
 * Whether node_modules holds what package-lock.json names. npm writes what it installed to a lock file of its own as the
 * last step, so an install that was cut short, or done for an older lock file, does not count.
 */
function isInstalled() {
  const installed = readPackages(join(PROJECT, "node_modules", ".package-lock.json"));
  if (installed === null) return false;
  const wanted = readPackages(join(PROJECT, "package-lock.json")) ?? {};
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || (installed[path] === undefined && (entry.optional || entry.devOptional || entry.peer)))
      return true;
    return installed[path]?.version === entry.version && installed[path]?.integrity === entry.integrity;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return null; // missing or cut short: the same as not installed
  }
}

async function install() {
  const started = Date.now();
  console.log("· Installing the pinned dependencies (once; a few hundred megabytes, some minutes on a slow line)");
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const ticker = setInterval(() => console.log(`  still installing, ${elapsed()}`), 15_000);
  const npmArgs = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  // Inside `npm run` this is the very npm that was called; anything else (yarn, pnpm) does not read our lock file.
  const npmCli = process.env.npm_execpath;
  const [command, commandArgs] =
    npmCli !== undefined && basename(npmCli) === "npm-cli.js"
      ? [process.execPath, [npmCli, ...npmArgs]]
      : [process.platform === "win32" ? "npm.cmd" : "npm", npmArgs];
  const code = await run(command, commandArgs, {
    cwd: PROJECT,
    stdio: "inherit",
    // A NODE_ENV of production must not leave half of it out, and our own options to `npm start` are not npm's.
    env: { ...process.env, NODE_ENV: "" },
  });
  clearInterval(ticker);
  if (code !== 0) {
    return fail(
      `npm ci ended with code ${code}`,
      "its own message is above; check the network and the registry, then run this again",
      code,
    );
  }
  console.log(`✓ Dependencies installed in ${elapsed()}`);
  return 0;
}

/** Runs a program to its end with our signals handed on; resolves to its exit code (128 + n when signal n ended it). */
function run(command, commandArgs, options) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArgs, options);
    const handOn = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, handOn);
    child.once("error", (error) =>
      resolve(fail(`cannot run ${command}: ${error.message}`, "check that it is installed")),
    );
    child.once("exit", (code, signal) => {
      for (const each of signals) process.off(each, handOn);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function fail(what, hint, code = 1) {
  console.error(`error: ${what}`);
  console.error(`hint: ${hint}`);
  return code;
}
