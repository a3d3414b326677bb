import type { IncomingMessage, ServerResponse } from "node:http";
import { IncomingBody } from "./incoming-body.ts";
import { IncomingHeaders } from "./incoming-headers.ts";
import { requestUrl } from "./request-url.ts";

export interface IncomingRequestOptions {
  /** Longest accepted body in bytes. */
  readonly maxBodyBytes: number;
  /** A body that has not arrived completely after this time is given up. */
  readonly bodyTimeoutMs: number;
  /** Lower-case header that tells the function the socket's address; a client's own is dropped. */
  readonly peerAddressHeader?: string | undefined;
}

/**
 * A `Request` over node's message. Building undici's own costs more than most HTTP actions do, so each part is made when
 * somebody asks for it; the rare parts are read from a real `Request` made on demand by {@link toPlainRequest}.
 * It passes `instanceof Request`.
 */
export class IncomingRequest implements Request {
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: IncomingRequestOptions;
  readonly #body: IncomingBody;
  #url: string | null = null;
  #headers: IncomingHeaders | null = null;
  #abort: AbortController | null = null;
  #plain: Request | null = null;
  #parse: (text: string) => unknown = JSON.parse;

  constructor(message: IncomingMessage, response: ServerResponse, options: IncomingRequestOptions) {
    this.#message = message;
    this.#response = response;
    this.#options = options;
    this.#body = new IncomingBody(message, options);
  }

  get method(): string {
    return this.#message.method ?? "GET";
  }

  get url(): string {
    this.#url ??= requestUrl(this.#message);
    return this.#url;
  }

  get headers(): IncomingHeaders {
    this.#headers ??= new IncomingHeaders(this.#message, this.#options.peerAddressHeader);
    return this.#headers;
  }

  /** Aborts when the client goes away before its answer is written. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      const abort = new AbortController();
      this.#abort = abort;
      const response = this.#response;
      const onClose = (): void => {
        if (!response.writableFinished) abort.abort(new DOMException("The client went away", "AbortError"));
      };
      if (response.destroyed) onClose();
      else response.once("close", onClose);
    }
    return this.#abort.signal;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#hasBody() ? toPlainRequest(this).body : null;
  }

  get bodyUsed(): boolean {
    return this.#plain === null ? this.#body.used : this.#plain.bodyUsed;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#plain !== null) return this.#plain.arrayBuffer();
    const bytes = await this.#body.read();
    // A copy: node's buffers are slices of a shared pool.
    return Uint8Array.from(bytes).buffer;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.arrayBuffer());
  }

  async text(): Promise<string> {
    if (this.#plain !== null) return this.#plain.text();
    const bytes = await this.#body.read();
    const text = bytes.toString("utf8");
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  async json(): Promise<unknown> {
    const text = await this.text();
    return this.#parse(text);
  }

  blob(): Promise<Blob> {
    return toPlainRequest(this).blob();
  }

  formData(): Promise<FormData> {
    return toPlainRequest(this).formData();
  }

  clone(): Request {
    return toPlainRequest(this).clone();
  }

  get cache(): RequestCache {
    return "default";
  }
  get credentials(): RequestCredentials {
    return "same-origin";
  }
  get destination(): RequestDestination {
    return "";
  }
  get duplex(): "half" {
    return "half";
  }
  get integrity(): string {
    return "";
  }
  get keepalive(): boolean {
    return false;
  }
  get mode(): RequestMode {
    return "cors";
  }
  get redirect(): RequestRedirect {
    return "follow";
  }
  get referrer(): string {
    return "about:client";
  }
  get referrerPolicy(): ReferrerPolicy {
    return "";
  }

  /** Has `json()` parse with another realm's `JSON.parse`, so that user code gets objects of its own. */
  parseWith(parse: (text: string) => unknown): void {
    this.#parse = parse;
  }

  /** Null, or how reading the body failed: its answer is ours to give and not the function's. */
  get bodyFailure(): IncomingBody["failure"] {
    return this.#body.failure;
  }

  /** The real `Request` behind an instance of this class; it takes the body over. */
  static materialize(request: Request): Request {
    return #plain in request ? request.#materialize() : request;
  }

  #materialize(): Request {
    if (this.#plain === null) {
      const init: RequestInit & { duplex?: "half" } = {
        method: this.method,
        headers: this.headers.toPlain(),
        signal: this.signal,
      };
      if (this.#body.used) {
        this.#plain = new Request(this.url, init);
      } else {
        if (this.#hasBody()) {
          init.body = toWebStream(this.#body);
          init.duplex = "half";
        }
        this.#plain = new Request(this.url, init);
      }
    }
    return this.#plain;
  }

  #hasBody(): boolean {
    if (this.method === "GET" || this.method === "HEAD") return false;
    const { headers } = this.#message;
    return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  }
}

// Behind the class and before Object: `instanceof Request` holds, and no field of undici's is ever touched.
Object.setPrototypeOf(IncomingRequest.prototype, Request.prototype);

/** The `Request` that user code constructs: it also takes the requests that this server hands out. */
export class FunctionRequest extends Request {
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(input instanceof Request ? toPlainRequest(input) : input, init);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(Request, value);
  }
}

/** A `Request` that undici itself can work with, as `fetch` and `new Request(…)` need it. */
export function toPlainRequest(request: Request): Request {
  return IncomingRequest.materialize(request);
}

function toWebStream(body: IncomingBody): ReadableStream<Uint8Array> {
  const chunks = body.chunks();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await chunks.return(undefined);
    },
  });
}
