import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { AccessError } from "../access/access-error.ts";
import { BodyError, IncomingBody, type BodyFailure } from "../web/incoming-body.ts";

export interface BodyReading {
  /** Longest body in bytes, as sent and as decompressed. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

type Decompress = (data: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  br: promisify(zlib.brotliDecompress),
  gzip: promisify(zlib.gunzip),
  deflate: promisify(zlib.inflate),
};

const STATUS: Record<BodyFailure, number> = { "too large": 413, "too slow": 408, "cut off": 400 };

/**
 * Reads and parses a request's JSON body, decompressing it off the main thread.
 *
 * @throws AccessError with 400, 408, 413 or 415 and what was wrong.
 */
export async function readJsonBody(req: IncomingMessage, { maxBytes, timeoutMs }: BodyReading): Promise<unknown> {
  const bytes = await readBytes(req, maxBytes, timeoutMs);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new AccessError(400, "BadJson", "The request body is no JSON.", { cause: error });
  }
}

async function readBytes(req: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await new IncomingBody(req, { maxBodyBytes: maxBytes, bodyTimeoutMs: timeoutMs }).read();
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw new AccessError(STATUS[error.failure], "BadBody", error.message, { cause: error });
  }
  const encoding = req.headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (encoding === "identity") return bytes;
  const decompress = DECOMPRESS[encoding];
  if (decompress === undefined) {
    throw new AccessError(415, "UnsupportedEncoding", `Content-Encoding ${encoding} is not supported.`);
  }
  try {
    return await decompress(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    throw tooLarge
      ? new AccessError(413, "BadBody", "The request body was too large.", { cause: error })
      : new AccessError(400, "BadBody", `The request body is no valid ${encoding}.`, { cause: error });
  }
}
