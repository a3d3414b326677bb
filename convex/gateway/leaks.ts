import * as z from "zod";
import { env } from "../_generated/server.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Arrival } from "../api/context.ts";
import { latchkeyError } from "../shared/errors.ts";
import { readText, requireJsonType, requireShallow, requireSmallBody } from "./body.ts";
import { LEAKS_MAX, endLeaked } from "./leakReport.ts";
import { isSignedBy, toPublicKey } from "./leakSignature.ts";
import { json } from "./respond.ts";
import type { Answer } from "./respond.ts";

// The receiving end of GitHub's secret scanning partner program: https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program
const KEYS_URL = "https://api.github.com/meta/public_keys/secret_scanning";
const KEYS_KEPT_MS = 60 * 60 * 1000;
/** However many reports name a key that is not known, it is looked for no more often than this. */
const REFETCH_AFTER_MS = 60_000;
const FETCH_TIMEOUT_MS = 5_000;

const reportSchema = z
  .array(z.object({ token: z.string().min(1).max(4096), url: z.string().optional() }))
  .max(LEAKS_MAX);
const keysSchema = z.object({ public_keys: z.array(z.object({ key_identifier: z.string(), key: z.string() })) });

let known: { at: number; url: string; keys: Map<string, CryptoKey> } | null = null;

/**
 * `POST /api/v1/leaks/github`: secrets that were found in public, signed by who found them. The signature is over the
 * body as it came. Answers 200 and how many were received, whatever they were. Throws UNAUTHENTICATED for a report
 * that is not signed so, UNAVAILABLE when the signer's keys cannot be read.
 */
export async function serveLeaks(ctx: ActionCtx, arrival: Arrival): Promise<Answer> {
  const { headers } = arrival.request;
  requireSmallBody(headers);
  const signature = headers.get("github-public-key-signature");
  const identifier = headers.get("github-public-key-identifier");
  const text = await readText(arrival.request);
  if (signature === null || identifier === null) throw unsigned();
  const key = await findSigner(identifier, Date.now());
  if (key === null || !(await isSignedBy(key, signature, text))) throw unsigned();

  requireJsonType(headers);
  requireShallow(text);
  const report = reportSchema.safeParse(parse(text));
  if (!report.success) {
    throw latchkeyError(
      "MALFORMED_REQUEST",
      `The body is a list of at most ${LEAKS_MAX} secrets, each with its token.`,
    );
  }
  await endLeaked(
    ctx,
    arrival,
    report.data.map(({ token, url }) => ({ key: token, foundAt: url })),
  );
  return json(200, { received: report.data.length });
}

async function findSigner(identifier: string, now: number): Promise<CryptoKey | null> {
  const url = env.LATCHKEY_LEAK_KEYS_URL ?? KEYS_URL;
  const isFresh = known !== null && known.url === url && now - known.at < KEYS_KEPT_MS;
  const mayBeNewer = known === null || known.url !== url || now - known.at >= REFETCH_AFTER_MS;
  if (!isFresh || (known?.keys.has(identifier) === false && mayBeNewer)) {
    known = { at: now, url, keys: await fetchKeys(url) };
  }
  return known?.keys.get(identifier) ?? null;
}

async function fetchKeys(url: string): Promise<Map<string, CryptoKey>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    const listed = keysSchema.parse(await response.json()).public_keys;
    const keys = await Promise.all(
      listed.map(async ({ key_identifier, key }) => [key_identifier, await toPublicKey(key)] as const),
    );
    return new Map(keys);
  } catch (cause) {
    // oxlint-disable-next-line no-console -- an operator has to know why reports of leaks are not taken
    console.error("the keys that sign reports of leaks cannot be read", cause);
    throw latchkeyError("UNAVAILABLE", "The signature cannot be checked right now. Send the report again later.");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no report either
  }
}

function unsigned(): Error {
  return latchkeyError("UNAUTHENTICATED", "The report is not signed by a key that we know.");
}
