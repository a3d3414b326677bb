import type { TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import type { ActionCtx } from "../_generated/server.js";
import type { ApiContext, Arrival, Identified } from "../api/context.ts";
import { toRefusal } from "../api/refusal.ts";
import { appRouter } from "../api/router.ts";
import { latchkeyError } from "../shared/errors.ts";
import { findBearer, placeBearer, toPerson } from "./authenticate.ts";
import type { Bearer } from "./authenticate.ts";
import { readText, requireJsonType, requireShallow, requireSmallBody } from "./body.ts";
import { isSafe } from "./origins.ts";
import { problemHeaders, rateHeaders } from "./respond.ts";

/** A batch is one use of its key, so it must not stand for any number of calls. */
const CALLS_MAX = 100;

/** Everything under `/api/trpc`. Its errors keep tRPC's envelope, with our code, status and trace id in `data`. */
export async function serveTrpc(ctx: ActionCtx, arrival: Arrival): Promise<Response> {
  const { request, traceId } = arrival;
  const body = await readBody(request);
  let rate: Identified["rate"] = null;
  return await fetchRequestHandler({
    endpoint: "/api/trpc",
    req: new Request(request.url, { method: request.method, headers: request.headers, ...body.init }),
    router: appRouter,
    createContext: () => {
      // Refused here and not before, so that the refusal gets tRPC's envelope.
      if (body.refusal !== undefined) throw body.refusal;
      if (request.headers.has("idempotency-key")) throw noRepetitions();
      return createContext(ctx, arrival, (identified) => (rate = identified.rate));
    },
    maxBatchSize: CALLS_MAX,
    responseMeta: ({ errors }) => ({ headers: new Headers({ ...rateHeaders(rate), ...refusalHeaders(errors) }) }),
    onError: ({ error }) => {
      if (toRefusal(error) !== null) return;
      // oxlint-disable-next-line no-console -- the deployment's log is where an operator looks the trace id up
      console.error(`[${traceId}]`, error.cause ?? error);
    },
  });
}

/** As REST has them, for the first refusal that says more than no. */
function refusalHeaders(errors: readonly TRPCError[]): Record<string, string> {
  const headers = errors.flatMap((error) => toRefusal(error) ?? []).map(problemHeaders);
  return { "Cache-Control": "no-store", ...headers.find((found) => Object.keys(found).length > 0) };
}

function createContext(ctx: ActionCtx, arrival: Arrival, onIdentified: (identified: Identified) => void): ApiContext {
  let found: Promise<Bearer> | undefined;
  // Several calls in one batch are one request of one caller, and one use of its key.
  const bearer = async () => await (found ??= findBearer(ctx, arrival));
  return {
    convex: ctx,
    arrival,
    identify: async (ownKeyId) => {
      const identified = await placeBearer(ctx, arrival, await bearer(), ownKeyId);
      onIdentified(identified);
      return identified;
    },
    identifyPerson: async () => toPerson(await bearer()),
  };
}

/** A batch holds several operations under one header, so whoever relies on it must not be left believing. */
function noRepetitions(): Error {
  return latchkeyError("MALFORMED_REQUEST", "Idempotency-Key is honoured under /api/v1 only. Send the call there.");
}

async function readBody(request: Request): Promise<{ init: { body?: string }; refusal?: Error }> {
  if (isSafe(request.method)) return { init: {} };
  try {
    requireSmallBody(request.headers);
    requireJsonType(request.headers);
    const text = await readText(request);
    requireShallow(text);
    return { init: { body: text } };
  } catch (refusal) {
    if (!(refusal instanceof Error)) throw refusal;
    return { init: {}, refusal };
  }
}
