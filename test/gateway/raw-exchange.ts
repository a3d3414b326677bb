import { connect } from "node:net";
import type { Socket } from "node:net";

/** One answer as it came over the wire; header names in lower case, bodies put together and read as UTF-8. */
export type RawAnswer = { status: number; headers: Map<string, string>; body: string };

export type RawRequest = {
  bytes: Buffer;
  method: string;
  /** Whether its framing is right, so that the connection can carry another request and an answer must come. */
  isWhole: boolean;
};

const PATIENCE_MS = 20_000;

/** A client that sends bytes as they are: whole requests over one kept connection, broken ones over their own. */
export class RawClient implements Disposable {
  readonly #port: number;
  #kept: Socket | null = null;

  constructor(site: string) {
    this.#port = Number(new URL(site).port);
  }

  /** Every answer that the bytes got. None when the server hung up on a broken request; a whole one throws then. */
  async send(request: RawRequest): Promise<RawAnswer[]> {
    if (!request.isWhole) return await converse(this.#connect(), request);
    const reused = this.#kept;
    this.#kept = null;
    const socket = reused ?? this.#connect();
    const answers = await converse(socket, request);
    // A kept connection may have been closed as we wrote; that says nothing about the request.
    if (answers.length === 0 && reused !== null) return await this.send(request);
    if (answers.length === 0) throw new Error("The connection was closed without an answer");
    if (!socket.destroyed && socket.writable && answers.at(-1)?.headers.get("connection") !== "close")
      this.#kept = socket;
    else socket.destroy();
    return answers;
  }

  #connect(): Socket {
    // The listener for good: a kept connection may break while nobody waits for it.
    return connect(this.#port, "127.0.0.1").setNoDelay().on("error", ignore);
  }

  [Symbol.dispose](): void {
    this.#kept?.destroy();
  }
}

function ignore(): void {
  // Whoever waits for an answer listens too.
}

async function converse(socket: Socket, { bytes, method, isWhole }: RawRequest): Promise<RawAnswer[]> {
  let received = Buffer.alloc(0);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer[]>();
  const finish = (hasEnded: boolean): void => {
    try {
      const answers = parseAnswers(received, method, hasEnded);
      if (hasEnded || (isWhole && answers.length > 0)) resolve(answers);
    } catch (error) {
      reject(error);
    }
  };
  const onData = (part: Buffer): void => {
    received = Buffer.concat([received, part]);
    if (isWhole) finish(false);
  };
  const onClose = (): void => finish(true);
  // A reset is how a server drops what it will not read; what it said before counts.
  const onError = (): void => finish(true);
  socket.on("data", onData).on("close", onClose).on("error", onError);
  const patience = setTimeout(() => {
    reject(new Error(`No ${isWhole ? "answer" : "end"} within ${PATIENCE_MS} ms`));
    socket.destroy();
  }, PATIENCE_MS);
  if (isWhole) socket.write(bytes);
  else socket.end(bytes);
  try {
    return await promise;
  } finally {
    clearTimeout(patience);
    socket.off("data", onData).off("close", onClose).off("error", onError);
    if (!isWhole) socket.destroy();
  }
}

function parseAnswers(bytes: Buffer, method: string, hasEnded: boolean): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const parsed = parseAnswer(rest, answers.length === 0 ? method : "", hasEnded);
    if (parsed === null) break;
    rest = parsed.rest;
    if (parsed.answer.status >= 200 || parsed.answer.status === 101) answers.push(parsed.answer);
    if (parsed.answer.status === 101) break;
  }
  return answers;
}

function parseAnswer(bytes: Buffer, method: string, hasEnded: boolean): { answer: RawAnswer; rest: Buffer } | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) {
    if (hasEnded && !bytes.toString("latin1").startsWith("HTTP/1.1 ")) throw new Error(`No HTTP: ${bytes.toString()}`);
    return null;
  }
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) ?[\x20-\x7E]*$/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`No status line: ${first}`);
  const headers = new Map(lines.map((line) => splitHeader(line)));
  const body = bytes.subarray(end + 4);
  // A parser that gave up did not get to know that this was a HEAD, and says why.
  const isHead = method === "HEAD" && (body.length === 0 || body.subarray(0, 5).toString() === "HTTP/");
  const hasNoBody = isHead || status < 200 || status === 204 || status === 304;
  if (hasNoBody) return { answer: { status, headers, body: "" }, rest: body };
  if (headers.get("transfer-encoding") === "chunked") {
    const chunks = readChunks(body);
    return chunks === null ? null : { answer: { status, headers, body: chunks.text }, rest: chunks.rest };
  }
  const announced = headers.get("content-length");
  if (announced === undefined && !hasEnded) return null;
  const length = announced === undefined ? body.length : Number(announced);
  if (body.length < length && !hasEnded) return null;
  return { answer: { status, headers, body: body.subarray(0, length).toString("utf8") }, rest: body.subarray(length) };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon <= 0) throw new Error(`No header: ${line}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function readChunks(bytes: Buffer): { text: string; rest: Buffer } | null {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    const next = lineEnd + 2 + size + 2;
    if (Number.isNaN(size)) throw new Error("A chunk has no size");
    if (bytes.length < next) return null;
    if (size === 0) return { text: Buffer.concat(parts).toString("utf8"), rest: bytes.subarray(next) };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
