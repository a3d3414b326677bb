import { LatchkeyConnectionError, LatchkeyError } from "./errors.ts";

export type ClientOptions = {
  /** The origin of your Latchkey, for example `https://keys.example.com`. */
  baseUrl: string;
  /** A key of the organization, or a session token. */
  key: string;
  /** The organization to act in, by id or slug. A key has its own, so only a session with several needs it. */
  organizationId?: string;
  /** How long one attempt may take, in milliseconds. 10 000 unless told. */
  timeoutMs?: number;
  /** Further attempts after a failure that may pass. 2 unless told. */
  retries?: number;
  fetch?: typeof globalThis.fetch;
};

export type CallOptions = {
  signal?: AbortSignal;
};

/** One call to the API. The output's type is the caller's word: the document that both sides are made from says so. */
export type Call = <Output>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  input: object,
  options?: CallOptions,
) => Promise<Output>;

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_RETRIES = 2;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Makes the function that all operations go through. It throws LatchkeyError for a refusal and
 * LatchkeyConnectionError when no answer came, after retrying what is safe to repeat: anything on 429, and on a
 * lost answer or 502 to 504 only what changes nothing.
 */
export function createCall(options: ClientOptions): Call {
  const { retries = DEFAULT_RETRIES } = options;
  return async (method, path, input, call = {}) => {
    const repeatable = method === "GET";
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await attemptCall(options, method, path, input, call);
      } catch (error) {
        if (attempt >= retries || call.signal?.aborted === true || !mayPass(error, repeatable)) throw error;
        const told = error instanceof LatchkeyError ? error.retryAfterMs : null;
        await pause(Math.min(told ?? FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS), call.signal);
      }
    }
  };
}

async function attemptCall<Output>(
  options: ClientOptions,
  method: string,
  path: string,
  input: object,
  call: CallOptions,
): Promise<Output> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, fetch = globalThis.fetch } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const { url, body } = place(new URL(options.baseUrl).origin, method, path, input);
  const headers: Record<string, string> = { Authorization: `Bearer ${options.key}`, Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (options.organizationId !== undefined) headers["X-Organization-Id"] = options.organizationId;
  const signal = call.signal === undefined ? timeout : AbortSignal.any([timeout, call.signal]);

  let response: Response;
  let text: string;
  try {
    // A redirect could carry the key to another host.
    response = await fetch(url, { method, headers, signal, redirect: "error", ...(body !== undefined && { body }) });
    text = await response.text();
  } catch (cause) {
    call.signal?.throwIfAborted();
    const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : "the connection failed";
    throw new LatchkeyConnectionError(`${method} ${path}: ${reason}`, { cause });
  }
  if (!response.ok) throw toError(response, text);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- client and server are made from one document
  return readAnswer(response, text) as Output;
}

/** Puts the input's fields where the path, the query and the body want them. */
function place(origin: string, method: string, path: string, input: object): { url: URL; body: string | undefined } {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_braces, name: string) => {
    const value = String(rest.get(name));
    rest.delete(name);
    return encodeURIComponent(value);
  });
  const url = new URL(filled, origin);
  if (method !== "GET" && method !== "DELETE") return { url, body: JSON.stringify(Object.fromEntries(rest)) };
  for (const [name, value] of rest) url.searchParams.set(name, String(value));
  return { url, body: undefined };
}

/** An operation without a body answers null. */
function readAnswer(response: Response, text: string): unknown {
  if (response.status === 204) return null;
  const value = parse(text);
  if (value !== undefined) return value;
  throw new LatchkeyConnectionError(
    `${response.url} answered ${response.status} without JSON. Is it Latchkey's address?`,
  );
}

function toError(response: Response, text: string): Error {
  const problem = parse(text);
  if (typeof problem !== "object" || problem === null || !("code" in problem) || typeof problem.code !== "string") {
    return new LatchkeyConnectionError(`${response.url} answered ${response.status}, and not as Latchkey does.`, {
      cause: response.status,
    });
  }
  const detail = "detail" in problem && typeof problem.detail === "string" ? problem.detail : response.statusText;
  const errors = "errors" in problem && Array.isArray(problem.errors) ? problem.errors : [];
  return new LatchkeyError({
    code: problem.code,
    status: response.status,
    message: detail,
    traceId: response.headers.get("x-trace-id"),
    fields: errors,
    retryAfterMs: readRetryAfter(response.headers.get("retry-after")),
  });
}

function mayPass(error: unknown, repeatable: boolean): boolean {
  if (error instanceof LatchkeyError) {
    return error.status === 429 || (repeatable && error.status >= 502 && error.status <= 504);
  }
  return repeatable && error instanceof LatchkeyConnectionError;
}

function readRetryAfter(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked decides what text that is not JSON means there.
    return undefined;
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
