export type LogLevel = "DEBUG" | "INFO" | "LOG" | "WARN" | "ERROR";

/** One `console` call of an execution. */
export interface LogLine {
  readonly level: LogLevel;
  /** Each argument as shown by inspection. */
  readonly messages: readonly string[];
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly isTruncated: boolean;
}

/** The text form that clients get, such as `[LOG] 'text' { value: 1n }`. */
export function formatLogLine(line: LogLine): string {
  return `[${line.level}] ${line.messages.join(" ")}`;
}
