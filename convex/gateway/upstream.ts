import { convexToJson, jsonToConvex } from "convex/values";
import type { JSONValue, Value } from "convex/values";
import { latchkeyError } from "../shared/errors.ts";
import type { TeamFunction } from "../shared/functionManifest.ts";
import { DEADLINE_MS } from "./deadline.ts";

export type UpstreamCall = {
  /** Where the deployment's functions API is. */
  origin: string;
  kind: TeamFunction["kind"];
  /** As Convex spells it: `orders:listOpen`. */
  path: string;
  args: Value;
  token: string;
};

/** What the function returned, or what it threw as a ConvexError, which is an answer and no fault. */
export type Outcome = { ok: true; value: Value } | { ok: false; data: Value };

/**
 * Calls a public function over the deployment's own HTTP API, as whoever the token names. Nothing of the caller's request
 * but the arguments goes there. Throws TIMEOUT after `limitMs`, UNAVAILABLE when the deployment cannot be reached, and
 * an Error for a fault of the function's.
 */
export async function callUpstream(
  { origin, kind, path, args, token }: UpstreamCall,
  { limitMs = DEADLINE_MS }: { limitMs?: number } = {},
): Promise<Outcome> {
  const { status, text } = await send(
    new URL(`/api/${kind}`, origin),
    {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify({ path, args: [convexToJson(args)], format: "convex_encoded_json" }),
      // The token is for this one address.
      redirect: "error",
    },
    limitMs,
  );
  return readOutcome(path, status, text);
}

async function send(url: URL, init: RequestInit, limitMs: number): Promise<{ status: number; text: string }> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), limitMs);
  try {
    const response = await fetch(url, { ...init, signal: deadline.signal });
    return { status: response.status, text: await response.text() };
  } catch (failure) {
    if (deadline.signal.aborted) throw tooSlow();
    if (isNetworkFailure(failure)) throw unavailable();
    throw failure;
  } finally {
    clearTimeout(timer);
  }
}

/** What fetch throws when nobody answers. By its name: the class may be that of another realm. */
function isNetworkFailure(failure: unknown): boolean {
  return typeof failure === "object" && failure !== null && "name" in failure && failure.name === "TypeError";
}

function readOutcome(path: string, status: number, text: string): Outcome {
  const answer = parseAnswer(text);
  if (answer?.status === "success") return { ok: true, value: jsonToConvex(answer.value ?? null) };
  if (answer?.status === "error" && answer.errorData !== undefined) {
    return { ok: false, data: jsonToConvex(answer.errorData) };
  }
  // Overloaded, restarting, or something else than a deployment between us and it.
  if (answer === null && (status === 429 || status >= 500)) throw unavailable();
  throw new Error(`${path} answered ${status}: ${answer?.errorMessage ?? text.slice(0, 200)}`);
}

type WireAnswer = { status?: unknown; value?: JSONValue; errorMessage?: string; errorData?: JSONValue };

function parseAnswer(text: string): WireAnswer | null {
  try {
    const parsed: WireAnswer | null = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && "status" in parsed ? parsed : null;
  } catch {
    return null;
  }
}

function tooSlow(): Error {
  return latchkeyError(
    "TIMEOUT",
    "The function did not answer within 30 seconds. What it changes may still happen: look before trying again.",
  );
}

function unavailable(): Error {
  return latchkeyError("UNAVAILABLE", "The functions cannot be reached. Try again in a moment.");
}
