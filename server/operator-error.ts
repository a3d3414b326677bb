/**
 * Something the person who started the program has to change: a busy port, a folder that cannot be written, a wrong option.
 * Printed as `error: <message>` and `hint: <hint>`, without a stack; every other error is a fault of ours and keeps its stack.
 */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly hint: string;
  /** 1 when the program was refused something, 2 when it was called wrongly. */
  readonly exitCode: 1 | 2;

  constructor(message: string, hint: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a Node system error ("EADDRINUSE", "EACCES", …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
