import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";

// Everything a URL parser would leave exactly as it is; anything else goes through one.
const PLAIN_TARGET = /^\/(?!\/)[\w\-~!$&()*+,;=:@/?]*(?:\.[\w\-~!$&()*+,;=:@][\w\-~!$&()*+,;=:@/?]*)*$/;
const PLAIN_HOST = /^[a-z0-9][a-z0-9.-]*(?::\d{1,5})?$/;
const MAX_ORIGINS = 100;

const origins = new Map<string, string>();
// Each request is asked for twice, by the listener and by its function, and most are to one of a few addresses.
let latest: { readonly scheme: string; readonly host: string; readonly target: string; readonly url: string } | null =
  null;

/**
 * The absolute URL a client asked for, from its Host header and, behind a proxy, `x-forwarded-proto`.
 *
 * @throws TypeError when target or host make no URL.
 */
export function requestUrl(message: IncomingMessage): string {
  const scheme = schemeOf(message);
  const { host = "localhost" } = message.headers;
  const { url: target = "/" } = message;
  if (latest?.target !== target || latest.host !== host || latest.scheme !== scheme) {
    latest = { scheme, host, target, url: toUrl(originOf(scheme, host), target) };
  }
  return latest.url;
}

function toUrl(origin: string, target: string): string {
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
