import { expect } from "vitest";
import { PROJECT } from "../../scripts/lib/program.ts";
import type { HostileRequest } from "./hostile-requests.ts";
import type { RawAnswer } from "./raw-exchange.ts";

// The protocol of Convex's own function calls answers a failed function with this status; clients tell it from a fault by it.
const FUNCTION_FAILED = 560;
// node's parser takes more than one space before the target.
const FUNCTION_CALL = /^ *\/api\/(?:query|mutation|action|function|query_at_ts)(?![a-z_])/;
const STACK = /\n\s+at \S|node:internal|node_modules|\.[cm]?[jt]s:\d+|file:\/\/|\bat \S+ \(/;

/**
 * What is wrong with an answer; null when nothing is. `known`: ids of the victim's that the attacker has heard of.
 * `secrets`: what no answer may hold, whatever was asked.
 */
export function judge(
  request: HostileRequest,
  answer: RawAnswer,
  { known, secrets }: { known: string[]; secrets: string[] },
): string | null {
  const { status, headers, body } = answer;
  const text = `${[...headers].join("\n")}\n${body}`;
  const asked = request.bytes.toString("latin1");
  const isFailedFunction = status === FUNCTION_FAILED && FUNCTION_CALL.test(request.target);
  const isMissingFeature = status === 501 && (request.method === "HEAD" || body.includes('"FeatureNotAvailable"'));
  if (status >= 500 && !isFailedFunction && !isMissingFeature) return `A fault: ${status}`;
  if (STACK.test(text) && !STACK.test(asked)) return "A stack trace";
  if (text.includes(PROJECT)) return "A path of the server's";
  const secret = secrets.find((marker) => text.includes(marker));
  if (secret !== undefined) return `The victim's secret ${secret}`;
  // Where the attacker's own words come back, in its audit trail and whatever it may name, it reads what it wrote itself.
  // The victim's ids that it never heard of are among the secrets, which nothing excuses.
  const sent = decoded(asked);
  const isOwnWords = /audit|keys|permissions|roles|groups|licenses|organization|usage/.test(sent);
  const id = isOwnWords ? undefined : known.find((marker) => text.includes(marker) && !sent.includes(marker));
  if (id !== undefined) return `The victim's id ${id}`;
  if (isUnderV1(request.target) && status >= 400 && request.method !== "HEAD") return problemWith(answer);
  return null;
}

function isUnderV1(target: string): boolean {
  return target === "/api/v1" || target.startsWith("/api/v1/");
}

/** What keeps an error answer from being RFC 9457 problem details as SPEC §5 wants them. */
function problemWith({ status, headers, body }: RawAnswer): string | null {
  const type = headers.get("content-type");
  if (type !== "application/problem+json") return `An error of type ${type}`;
  const value: unknown = JSON.parse(body);
  try {
    expect(value).toMatchObject({
      type: "about:blank",
      title: expect.stringMatching(/\w/),
      status,
      detail: expect.stringMatching(/\w/),
      code: expect.stringMatching(/^[A-Z_]+$/),
      traceId: headers.get("x-trace-id"),
    });
  } catch {
    return "An error that is no problem document";
  }
  return null;
}

function decoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
