import { latchkeyError } from "../shared/errors.ts";

/** The largest body that the gateway reads. */
export const MAX_BODY_BYTES = 1024 * 1024;

const MAX_DEPTH = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Refuses a request that announces too much, before anything else is done for it. */
export function requireSmallBody(headers: Headers): void {
  if (Number(headers.get("content-length") ?? 0) > MAX_BODY_BYTES) throw tooLarge();
}

/** The body as text, counted while it arrives: a chunked body announces no length. Throws BODY_TOO_LARGE. */
export function readText(request: Request): Promise<string> {
  // A server holds a body to the length it announced, so a small announced one needs no counting.
  if (request.headers.has("content-length") || request.body === null) return request.text();
  return readCounted(request.body);
}

async function readCounted(body: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  let size = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    size += chunk.value.byteLength;
    if (size > MAX_BODY_BYTES) {
      await reader.cancel();
      throw tooLarge();
    }
    text += decoder.decode(chunk.value, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * The body as JSON; undefined when it is empty. Throws UNSUPPORTED_MEDIA_TYPE when a body is there under
 * another type, and MALFORMED_REQUEST when it does not parse.
 */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readText(request);
  if (text === "") return undefined;
  requireJsonType(request.headers);
  requireShallow(text);
  try {
    return JSON.parse(text);
  } catch {
    throw latchkeyError("MALFORMED_REQUEST", "The body is not valid JSON. Check its quotes, commas and brackets.");
  }
}

/**
 * Refuses JSON nested deeper than anything of ours, before it is parsed: whatever walks it by recursion, as schemas and
 * JSON.stringify do, would run out of stack. Throws MALFORMED_REQUEST.
 */
export function requireShallow(text: string): void {
  if (!hasManyOpenings(text)) return;
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (isInString) {
      if (unit === BACKSLASH) index += 1;
      else if (unit === QUOTE) isInString = false;
    } else if (unit === QUOTE) isInString = true;
    else if (unit === OPEN_BRACKET || unit === OPEN_BRACE) depth += 1;
    else if (unit === CLOSE_BRACKET || unit === CLOSE_BRACE) depth -= 1;
    if (depth > MAX_DEPTH) {
      throw latchkeyError("MALFORMED_REQUEST", `The JSON is nested deeper than ${MAX_DEPTH} levels. Send it flatter.`);
    }
  }
}

/** Whether there are more opening brackets than levels are allowed; where there are not, nothing can be too deep. */
function hasManyOpenings(text: string): boolean {
  let openings = 0;
  for (const bracket of "[{") {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      openings += 1;
      if (openings > MAX_DEPTH) return true;
    }
  }
  return false;
}

/** Browsers send JSON across origins only after a preflight, which is half of what protects cookie calls. */
export function requireJsonType(headers: Headers): void {
  const type = headers.get("content-type");
  if (type === "application/json" || (type !== null && /^application\/json\s*(?:;|$)/i.test(type))) return;
  throw latchkeyError(
    "UNSUPPORTED_MEDIA_TYPE",
    "The body must be JSON. Send it with the header Content-Type: application/json.",
  );
}

function tooLarge(): Error {
  return latchkeyError("BODY_TOO_LARGE", "The body is larger than 1 MiB. Send less at once.");
}
