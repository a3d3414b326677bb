/** Latchkey refused: the answer was a problem document. `code` is stable and meant for programs. */
export class LatchkeyError extends Error {
  override readonly name = "LatchkeyError";
  readonly code: string;
  readonly status: number;
  /** Names the request in the server's logs; quote it when asking for help. Null when the answer had none. */
  readonly traceId: string | null;
  /** For INVALID_INPUT: what is wrong, field by field. */
  readonly fields: readonly { path: string; message: string }[];
  /** How long to wait before asking again, in milliseconds, when the server said so. */
  readonly retryAfterMs: number | null;

  constructor(problem: {
    code: string;
    status: number;
    message: string;
    traceId: string | null;
    fields: readonly { path: string; message: string }[];
    retryAfterMs: number | null;
  }) {
    super(problem.message);
    this.code = problem.code;
    this.status = problem.status;
    this.traceId = problem.traceId;
    this.fields = problem.fields;
    this.retryAfterMs = problem.retryAfterMs;
  }
}

/** No answer of Latchkey's arrived: the connection failed, the time ran out, or something else answered. `cause` has the reason. */
export class LatchkeyConnectionError extends Error {
  override readonly name = "LatchkeyConnectionError";
}
