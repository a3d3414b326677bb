import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";

// Everything a URL parser would leave exactly as it is; anything else goes through one.
const PLAIN_TARGET = /^\/(?!\/)[\w\-~!$&()*+,;=:@/?]*(?:\.[\w\-~!$&()*+,;=:@][\w\-~!$&()*+,;=:@/?]*)*$/;
const PLAIN_HOST = /^[a-z0-9][a-z0-9.-]*(?::\d{1,5})?$/;
const MAX_ORIGINS = 100;

const origins = new Map<string, string>();
// The listener asks before the function does, and nothing comes between.
let latest: { readonly message: IncomingMessage; readonly target: string | undefined; readonly url: string } | null =
  null;

/**
 * The absolute URL a client asked for, from its Host header and, behind a proxy, `x-forwarded-proto`.
 *
 * @throws TypeError when target or host make no URL.
 */
export function requestUrl(message: IncomingMessage): string {
  const { url: target } = message;
  if (latest?.message !== message || latest.target !== target) latest = { message, target, url: toUrl(message) };
  return latest.url;
}

function toUrl(message: IncomingMessage): string {
  const target = message.url ?? "/";
  const origin = originOf(schemeOf(message), message.headers.host ?? "localhost");
  if (PLAIN_TARGET.test(target)) return origin + target;
  // `GET http://elsewhere/path` is what a proxy is sent; the host it names does not choose ours.
  const absolute = target.startsWith("/") ? new URL(origin + target) : new URL(target, origin);
  return origin + absolute.pathname + absolute.search;
}

function schemeOf(message: IncomingMessage): "http" | "https" {
  const forwarded = message.headers["x-forwarded-proto"];
  if (forwarded === "https" || forwarded === "http") return forwarded;
  return message.socket instanceof TLSSocket ? "https" : "http";
}

function originOf(scheme: string, host: string): string {
  const text = `${scheme}://${host}`;
  let origin = origins.get(text);
  if (origin === undefined) {
    const url = new URL(text);
    if (!PLAIN_HOST.test(host) && url.host !== host.toLowerCase()) throw new TypeError(`Invalid host: ${host}`);
    origin = url.origin;
    // Clients choose their Host header, so this must not grow with them.
    if (origins.size >= MAX_ORIGINS) origins.clear();
    origins.set(text, origin);
  }
  return origin;
}
