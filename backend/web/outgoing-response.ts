/** A body that can be written in one piece. */
export type WholeBody = string | Uint8Array | null;

const NO_BODY_STATUS: ReadonlySet<number> = new Set([101, 204, 205, 304]);
const TEXT = "text/plain;charset=UTF-8";
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const PLAIN_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
// The characters a reason phrase may hold: tab, space to tilde, and Latin-1's upper half.
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The `Response` that user code constructs. Building undici's own and reading its stream again costs more than most HTTP
 * actions do, so text and bytes are kept as they were given and written out in one piece; everything else, and every other
 * use, goes through the real `Response` inside. Responses of `fetch` are instances of it too.
 */
export class OutgoingResponse implements Response {
  readonly #status: number;
  readonly #statusText: string;
  #body: WholeBody;
  /** Names and values by turns, while they are simple and nobody has asked for `headers`. */
  #raw: string[] | null = null;
  #headers: Headers | null = null;
  #plain: Response | null = null;

  constructor(body?: BodyInit | null, init?: ResponseInit | null) {
    this.#status = init?.status === undefined ? 200 : requireStatus(init.status);
    this.#statusText = requireStatusText(init?.statusText);
    let contentType: string | null = null;
    if (body === undefined || body === null) {
      this.#body = null;
    } else if (typeof body === "string") {
      this.#body = body;
      contentType = TEXT;
    } else if (body instanceof Uint8Array) {
      this.#body = Uint8Array.from(body);
    } else if (body instanceof ArrayBuffer) {
      this.#body = new Uint8Array(body.slice(0));
    } else {
      this.#body = null;
      this.#plain = new Response(body, init ?? {});
      this.#headers = this.#plain.headers;
      return;
    }
    if (this.#body !== null && NO_BODY_STATUS.has(this.#status)) {
      throw new TypeError(`Response constructor: Invalid response status code ${this.#status}`);
    }
    this.#setHeaders(init?.headers, contentType);
  }

  static json(data: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Response.json: Value is not JSON serializable");
    const response = new OutgoingResponse(null, init);
    if (NO_BODY_STATUS.has(response.#status)) {
      throw new TypeError(`Response.json: Invalid response status code ${response.#status}`);
    }
    response.#body = text;
    response.#setHeaders(init?.headers, "application/json");
    return response;
  }

  static redirect(url: string | URL, status?: number): Response {
    return Response.redirect(url, status);
  }

  static error(): Response {
    return Response.error();
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(Response, value);
  }

  /** The text or bytes to write, when they were never touched by a stream; `undefined` when they must be streamed. */
  static wholeBodyOf(response: Response): WholeBody | undefined {
    return #body in response && response.#plain === null ? response.#body : undefined;
  }

  /** The headers as node's flat list of names and values, each cookie on its own. */
  static rawHeadersOf(response: Response): string[] {
    if (#body in response && response.#raw !== null) return response.#raw;
    return flatten(response.headers);
  }

  get status(): number {
    return this.#status;
  }
  get statusText(): string {
    return this.#statusText;
  }
  get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }
  get headers(): Headers {
    if (this.#headers === null) {
      this.#headers = new Headers();
      const raw = this.#raw ?? [];
      for (let i = 0; i + 1 < raw.length; i += 2) this.#headers.append(raw[i] ?? "", raw[i + 1] ?? "");
      this.#raw = null;
    }
    return this.#headers;
  }
  get type(): ResponseType {
    return "default";
  }
  get url(): string {
    return "";
  }
  get redirected(): boolean {
    return false;
  }
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#materialize().body;
  }
  get bodyUsed(): boolean {
    return this.#plain?.bodyUsed ?? false;
  }
  clone(): Response {
    return this.#materialize().clone();
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#materialize().arrayBuffer();
  }
  blob(): Promise<Blob> {
    return this.#materialize().blob();
  }
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#materialize().bytes();
  }
  formData(): Promise<FormData> {
    return this.#materialize().formData();
  }
  json(): Promise<unknown> {
    return this.#materialize().json();
  }
  text(): Promise<string> {
    return this.#materialize().text();
  }

  #materialize(): Response {
    if (this.#plain === null) {
      const body = typeof this.#body === "string" || this.#body === null ? this.#body : Uint8Array.from(this.#body);
      this.#plain = new Response(body, {
        status: this.#status,
        statusText: this.statusText,
        headers: this.headers,
      });
    }
    return this.#plain;
  }

  #setHeaders(init: HeadersInit | undefined, contentType: string | null): void {
    const raw = toRawHeaders(init);
    if (raw === null) {
      this.#headers = new Headers(init);
      if (contentType !== null && !this.#headers.has("content-type")) this.#headers.set("content-type", contentType);
      return;
    }
    if (contentType !== null && !hasContentType(raw)) raw.push("content-type", contentType);
    this.#raw = raw;
  }
}

Object.setPrototypeOf(OutgoingResponse.prototype, Response.prototype);

/** A copy of a record whose names and values need no checking or trimming; null for anything else. */
function toRawHeaders(init: HeadersInit | undefined): string[] | null {
  const raw: string[] = [];
  if (init === undefined) return raw;
  if (init instanceof Headers || Symbol.iterator in init) return null;
  for (const name of Object.keys(init)) {
    const value: unknown = init[name];
    if (typeof value !== "string" || !TOKEN.test(name) || !PLAIN_VALUE.test(value)) return null;
    raw.push(name, value);
  }
  return raw;
}

function hasContentType(raw: readonly string[]): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.length === 12 && raw[i]?.toLowerCase() === "content-type") return true;
  }
  return false;
}

function flatten(headers: Headers): string[] {
  const raw: string[] = [];
  for (const [name, value] of headers) raw.push(name, value);
  return raw;
}

function requireStatus(given: unknown): number {
  const status = Number(given);
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
}

function requireStatusText(text: string | undefined): string {
  if (text !== undefined && !REASON.test(text)) throw new TypeError("Invalid statusText");
  return text ?? "";
}
