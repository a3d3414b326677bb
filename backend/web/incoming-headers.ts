import type { IncomingMessage } from "node:http";

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const MAX_KNOWN_NAMES = 1_000;

/** Lower-case names by how functions write them, which is always the same few. */
const knownNames = new Map<string, string>();

/** The name as node's message has it, or undefined for what is no name. */
function knownName(name: string): string | undefined {
  const known = knownNames.get(name);
  if (known !== undefined || !TOKEN.test(name)) return known;
  if (knownNames.size >= MAX_KNOWN_NAMES) knownNames.clear();
  knownNames.set(name, name.toLowerCase());
  return name.toLowerCase();
}

/**
 * The headers of node's message as `Headers`. Most functions ask for a handful of names, and undici's own object costs more
 * to fill than they do, so the usual questions are answered from the message; the first other use makes the real object,
 * which answers from then on. It passes `instanceof Headers`.
 */
export class IncomingHeaders implements Headers {
  readonly #message: IncomingMessage;
  readonly #peerAddressHeader: string | undefined;
  #plain: Headers | null = null;

  /** @param peerAddressHeader lower-case header that tells the socket's address; a client's own is dropped. */
  constructor(message: IncomingMessage, peerAddressHeader: string | undefined) {
    this.#message = message;
    this.#peerAddressHeader = peerAddressHeader;
  }

  get(name: string): string | null {
    const known = this.#plain === null ? knownName(name) : undefined;
    return known === undefined ? this.toPlain().get(name) : (this.#find(known) ?? null);
  }

  has(name: string): boolean {
    const known = this.#plain === null ? knownName(name) : undefined;
    return known === undefined ? this.toPlain().has(name) : this.#find(known) !== undefined;
  }

  getSetCookie(): string[] {
    return this.toPlain().getSetCookie();
  }

  append(name: string, value: string): void {
    this.toPlain().append(name, value);
  }

  set(name: string, value: string): void {
    this.toPlain().set(name, value);
  }

  delete(name: string): void {
    this.toPlain().delete(name);
  }

  forEach(visit: (value: string, name: string, parent: Headers) => void, thisArgument?: unknown): void {
    for (const [name, value] of this) visit.call(thisArgument, value, name, this);
  }

  entries(): HeadersIterator<[string, string]> {
    return this.toPlain().entries();
  }

  keys(): HeadersIterator<string> {
    return this.toPlain().keys();
  }

  values(): HeadersIterator<string> {
    return this.toPlain().values();
  }

  [Symbol.iterator](): HeadersIterator<[string, string]> {
    return this.entries();
  }

  /** The object that undici itself can work with. */
  toPlain(): Headers {
    if (this.#plain === null) {
      this.#plain = new Headers();
      for (const [name, value] of Object.entries(this.#message.headers)) {
        if (name === this.#peerAddressHeader || value === undefined) continue;
        this.#plain.append(name, typeof value === "string" ? value : value.join(", "));
      }
      const address = this.#message.socket.remoteAddress;
      if (this.#peerAddressHeader !== undefined && address !== undefined) {
        this.#plain.set(this.#peerAddressHeader, address);
      }
    }
    return this.#plain;
  }

  #find(name: string): string | undefined {
    if (name === this.#peerAddressHeader) return this.#message.socket.remoteAddress ?? undefined;
    const { headers } = this.#message;
    if (!Object.hasOwn(headers, name)) return undefined;
    const value = headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  }
}

// Behind the class and before Object, as for the request: `instanceof Headers` holds.
Object.setPrototypeOf(IncomingHeaders.prototype, Headers.prototype);
