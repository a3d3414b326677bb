import type { ServerResponse } from "node:http";
import { OutgoingResponse } from "../web/outgoing-response.ts";

// They describe one hop; node writes its own. A length copied from elsewhere may not be the length of what we write.
const HOP_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "trailer",
]);
// Most names are none of these by their length already.
const HOP_LENGTHS: ReadonlySet<number> = new Set([...HOP_HEADERS, "content-length"].map((name) => name.length));
const NO_BODY_STATUS: ReadonlySet<number> = new Set([204, 304]);

/**
 * Writes a function's `Response` to node's, in one piece where the body is text or bytes, else as a stream that follows
 * the client's pace. Resolves when everything was handed over, or the client has gone.
 */
export async function writeResponse(response: Response, res: ServerResponse, isHead: boolean): Promise<void> {
  const raw = OutgoingResponse.rawHeadersOf(response);
  const whole = OutgoingResponse.wholeBodyOf(response);
  if (whole === undefined && response.body !== null) {
    await writeStream(response, response.body, withoutHopHeaders(raw, true), res, isHead);
    return;
  }
  const headers = withoutHopHeaders(raw, whole !== null && whole !== undefined);
  if (!NO_BODY_STATUS.has(response.status) && whole !== null && whole !== undefined) {
    const size = typeof whole === "string" ? Buffer.byteLength(whole) : whole.byteLength;
    headers.push("content-length", String(size));
  } else if (!isHead && !NO_BODY_STATUS.has(response.status)) {
    headers.push("content-length", "0");
  }
  await othersDone();
  writeHead(res, response, headers);
  if (isHead || whole === null || whole === undefined) res.end();
  else res.end(whole);
}

async function writeStream(
  response: Response,
  body: ReadableStream<Uint8Array>,
  headers: string[],
  res: ServerResponse,
  isHead: boolean,
): Promise<void> {
  writeHead(res, response, headers);
  const reader = body.getReader();
  if (isHead) {
    res.end();
    await reader.cancel();
    return;
  }
  const onClose = (): void => {
    reader.cancel(new DOMException("The client went away", "AbortError")).catch(() => {
      // The function's stream may refuse to be cancelled; there is nobody left to tell.
    });
  };
  res.once("close", onClose);
  // The first byte may be long in coming, and event streams want their headers now.
  res.flushHeaders();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || res.destroyed) break;
      if (!res.write(value)) await drained(res);
    }
    res.off("close", onClose);
    res.end();
  } catch (error) {
    // Headers are out: cutting the connection is the only way left to say that this is not all.
    res.off("close", onClose);
    res.destroy();
    throw error;
  }
}

let others: Promise<void> | null = null;

/**
 * Resolves when every request that can go on without waiting has done so. Answers written then go out together: a write of
 * its own wakes the client for each, which under load costs as much as a fifth of the answer, and the first of them would
 * only be waiting for the others on a busy client. Alone, an answer loses nothing.
 */
function othersDone(): Promise<void> {
  others ??= new Promise((resolve) => {
    // Ticks wait for the microtasks, of which all those requests consist.
    process.nextTick(() => {
      others = null;
      resolve();
    });
  });
  return others;
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off("drain", done).off("close", done);
      resolve();
    };
    res.once("drain", done).once("close", done);
  });
}

function writeHead(res: ServerResponse, response: Response, headers: string[]): void {
  if (response.statusText === "") res.writeHead(response.status, headers);
  else res.writeHead(response.status, response.statusText, headers);
}

function withoutHopHeaders(raw: readonly string[], dropLength: boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    if (HOP_LENGTHS.has(name.length)) {
      const lower = name.toLowerCase();
      if (HOP_HEADERS.has(lower) || (dropLength && lower === "content-length")) continue;
    }
    kept.push(name, raw[i + 1] ?? "");
  }
  return kept;
}
