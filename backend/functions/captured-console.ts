import { inspect } from "node:util";
import { executions } from "./execution.ts";
import type { LogLevel, LogLine } from "./log-line.ts";

const MAX_LINES = 256;
const MAX_LINE_LENGTH = 32_768;

/** The `console` of a realm: lines go to the running execution and are dropped outside of one. */
export function createConsole(): object {
  const timers = new Map<string, number>();
  const counts = new Map<string, number>();
  return {
    log: at("LOG"),
    info: at("INFO"),
    debug: at("DEBUG"),
    warn: at("WARN"),
    error: at("ERROR"),
    trace: at("LOG"),
    dir: (value: unknown) => capture("LOG", [value]),
    table: (value: unknown) => capture("LOG", [value]),
    group: at("LOG"),
    groupCollapsed: at("LOG"),
    groupEnd: () => undefined,
    assert: (condition: unknown, ...values: unknown[]) => {
      if (condition !== true && !condition) capture("ERROR", ["Assertion failed", ...values]);
    },
    count: (label = "default") => {
      const count = (counts.get(label) ?? 0) + 1;
      counts.set(label, count);
      capture("INFO", [`${label}: ${count}`]);
    },
    time: (label = "default") => void timers.set(label, performance.now()),
    timeLog: (label = "default") => logTimer(timers, label),
    timeEnd: (label = "default") => {
      logTimer(timers, label);
      timers.delete(label);
    },
  };
}

function at(level: LogLevel): (...values: unknown[]) => void {
  return (...values) => capture(level, values);
}

function logTimer(timers: ReadonlyMap<string, number>, label: string): void {
  const start = timers.get(label);
  if (start !== undefined) capture("INFO", [`${label}: ${performance.now() - start}ms`]);
}

function capture(level: LogLevel, values: readonly unknown[]): void {
  const execution = executions.getStore();
  if (execution === undefined) return;
  const { logLines } = execution.root;
  if (logLines.length > MAX_LINES) return;
  if (logLines.length === MAX_LINES) {
    logLines.push(line("ERROR", [`Log overflow (maximum ${MAX_LINES}). Remaining log lines omitted.`], false));
    return;
  }
  // Inspected at once: the values may change before anybody reads the line.
  const messages = values.map((value) => inspect(value, { depth: 4 }));
  const length = messages.reduce((sum, message) => sum + message.length, 0);
  if (length <= MAX_LINE_LENGTH) logLines.push(line(level, messages, false));
  else logLines.push(line(level, [messages.join(" ").slice(0, MAX_LINE_LENGTH)], true));
}

function line(level: LogLevel, messages: readonly string[], isTruncated: boolean): LogLine {
  return { level, messages, timestamp: Date.now(), isTruncated };
}
