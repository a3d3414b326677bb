import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import vm from "node:vm";
import { createConsole } from "./captured-console.ts";
import { effectGlobals } from "./effect-globals.ts";
import { currentExecution, executions } from "./execution.ts";
import { asyncSyscall, jsSyscall, syscall } from "./syscalls.ts";
import { webGlobals } from "./web-globals.ts";

/**
 * A fresh global object with its own language intrinsics, in which the modules of one deployment are evaluated. It shows
 * web APIs and nothing of Node (`require`, `Buffer`, `process.versions`), because libraries choose code paths by them.
 * It keeps honest code apart from the host; it does not hold hostile code (docs/decisions/006-module-realm.md).
 */
export class Realm {
  readonly context: vm.Context;
  /** This realm's `JSON.parse`, whose results are this realm's objects. */
  readonly parseJson: (text: string) => unknown;
  /** Descriptor of a `json()` method that parses with it. */
  readonly jsonMethod: PropertyDescriptor;

  /** `isCalling` is for the code that kept-names.ts puts in: false while a module is evaluated. */
  readonly #convex = { syscall, asyncSyscall, jsSyscall, isCalling: true };

  constructor() {
    const global: Record<string, unknown> = vm.createContext(vm.constants.DONT_CONTEXTIFY);
    this.context = global;
    for (const [name, value] of Object.entries({ ...webGlobals, ...effectGlobals })) {
      define(global, name, value);
    }
    define(global, "AsyncLocalStorage", AsyncLocalStorage);
    define(global, "AsyncResource", AsyncResource);
    define(global, "console", createConsole());
    define(global, "process", { env: environmentOfCaller() });
    define(global, "Convex", this.#convex);
    define(global, "self", global);
    const install: unknown = installClock.runInContext(this.context);
    if (typeof install !== "function") throw new TypeError("The realm's clock did not load.");
    install(now, random);
    const parse: unknown = vm.runInContext("JSON.parse", this.context);
    if (typeof parse !== "function") throw new TypeError("The realm has no JSON.parse.");
    this.parseJson = (text) => parse(text);
    const json: unknown = vm.runInContext(
      "(async function json() { return JSON.parse(await this.text()); })",
      this.context,
    );
    this.jsonMethod = { value: json, writable: true, configurable: true };
  }

  /** Runs the evaluation of a module. What it does after its first `await` counts as a call. */
  evaluating<T>(evaluate: () => T): T {
    this.#convex.isCalling = false;
    try {
      return evaluate();
    } finally {
      this.#convex.isCalling = true;
    }
  }
}

// Runs inside the realm, so that dates are the realm's own and `date instanceof Date` holds there.
const installClock = new vm.Script(
  `(function (now, random) {
    "use strict";
    const RealDate = Date;
    function Date_(...args) {
      if (new.target === undefined) return new RealDate(now()).toString();
      return Reflect.construct(RealDate, args.length === 0 ? [now()] : args, new.target);
    }
    Object.defineProperty(Date_, "name", { value: "Date" });
    Object.defineProperty(Date_, "length", { value: 7 });
    Date_.now = () => now();
    Date_.parse = RealDate.parse;
    Date_.UTC = RealDate.UTC;
    Date_.prototype = RealDate.prototype;
    Object.defineProperty(RealDate.prototype, "constructor", { value: Date_, writable: true, configurable: true });
    Object.defineProperty(globalThis, "Date", { value: Date_, writable: true, configurable: true });
    Math.random = () => random();
  })`,
  { filename: "convex:clock" },
);

function now(): number {
  return executions.getStore()?.now() ?? Date.now();
}

function random(): number {
  return executions.getStore()?.random() ?? Math.random();
}

function define(global: object, name: string, value: unknown): void {
  Object.defineProperty(global, name, { value, writable: true, configurable: true });
}

/** `process.env` of whichever mount is running: several mounts share the realm. */
function environmentOfCaller(): object {
  return new Proxy(
    {},
    {
      get: (_target, name) => (typeof name === "string" ? ownValue(currentEnvironment(), name) : undefined),
      has: (_target, name) => typeof name === "string" && Object.hasOwn(currentEnvironment(), name),
      ownKeys: () => Object.keys(currentEnvironment()),
      getOwnPropertyDescriptor: (_target, name) => {
        const value = typeof name === "string" ? ownValue(currentEnvironment(), name) : undefined;
        if (value === undefined) return undefined;
        return { value, writable: false, enumerable: true, configurable: true };
      },
      set: () => false,
      deleteProperty: () => false,
    },
  );
}

function ownValue(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function currentEnvironment(): Readonly<Record<string, string>> {
  return currentExecution().mount.environment;
}
