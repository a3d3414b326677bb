import { gzipSync } from "node:zlib";
import type { Dice } from "../helpers/dice.ts";
import { wildText } from "../helpers/wild-json.ts";
import { METHODS, aim, wildTarget, withQuery } from "./hostile-aims.ts";
import type { Arsenal } from "./hostile-arsenal.ts";
import { OTHER_HEADERS, credentials, headerText, hostHeaders, identityHeader, oddCase } from "./hostile-headers.ts";
import type { Header } from "./hostile-headers.ts";
import type { RawRequest } from "./raw-exchange.ts";

export type HostileRequest = RawRequest & { target: string };

const ODD_METHODS = [
  "PROPFIND",
  "TRACE",
  "CONNECT",
  "PURGE",
  "QUERY",
  "SEARCH",
  "M-SEARCH",
  "get",
  "FOO",
  "PRI",
  "G\u0000T",
];
const BROKEN_HEADERS = [
  "x-a: a\u0000b",
  "x a: b",
  ": b",
  "no colon",
  " x: folded",
  "x-a: a\rb",
  "x-é: é",
  "content-length: -1",
];

/** Makes one request by the dice; the same dice and arsenal make the same request. */
export function hostileRequest(dice: Dice, arsenal: Arsenal): HostileRequest {
  const { method, path, body, type, isAuth } = aim(dice, arsenal);
  const target = dice.chance(0.12) ? wildTarget(dice, path) : withQuery(dice, path, arsenal);
  const usedMethod = dice.chance(0.05) ? dice.pick(METHODS) : dice.chance(0.01) ? dice.pick(ODD_METHODS) : method;
  const headers = [
    ...hostHeaders(dice, arsenal),
    ...credentials(dice, arsenal, isAuth),
    ...dice.some(2, () => dice.pick(OTHER_HEADERS)),
    ...dice.some(dice.chance(0.2) ? 4 : 0, () => identityHeader(dice, arsenal)),
  ];
  if (isAuth && dice.chance(0.8)) headers.push(["X-Forwarded-For", `198.51.${dice.below(256)}.${dice.below(256)}`]);
  if (dice.chance(0.15))
    headers.push(["X-Organization-Id", dice.chance(0.7) ? dice.pick(arsenal.ids) : headerText(wildText(dice))]);
  if (dice.chance(0.1)) headers.push(["Idempotency-Key", headerText(dice.chance(0.5) ? "again" : wildText(dice))]);
  if (body !== undefined) headers.push([oddCase(dice, "Content-Type"), type]);
  return frame(dice, usedMethod, target, headers, body);
}

const TOKEN = /^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|PROPFIND|PURGE|SEARCH|TRACE)$/;
const CLEAN_TARGET = /^\/[\x21-\x7E]*$/;
const MAX_CLEAN_HEAD = 15_000;

function frame(
  dice: Dice,
  method: string,
  target: string,
  headers: Header[],
  body: string | undefined,
): HostileRequest {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  let isWhole = TOKEN.test(method) && CLEAN_TARGET.test(target) && !headers.some(([name]) => name === "Expect");
  isWhole &&= headers.filter(([name]) => name.toLowerCase() === "host").length === 1;
  if (dice.chance(0.01)) {
    lines.splice(dice.below(lines.length + 1), 0, dice.pick(BROKEN_HEADERS));
    isWhole = false;
  }
  if (dice.chance(0.005)) lines.push(...dice.some(3_000, () => `x-${dice.below(1e6)}: 1`));
  if (dice.chance(0.002)) lines.push(`x-long: ${"a".repeat(dice.below(40_000))}`);

  let content: Buffer = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  if (body !== undefined || dice.chance(0.02)) {
    switch (dice.below(60)) {
      case 0:
        content = gzipSync(content);
        lines.push("Content-Encoding: gzip", `Content-Length: ${content.length}`);
        break;
      case 1:
      case 2:
      case 3:
        lines.push("Transfer-Encoding: chunked");
        content = toChunks(dice, content);
        break;
      case 4:
        lines.push(
          `Content-Length: ${dice.pick([content.length + 5, Math.max(0, content.length - 3), 2 ** 53, 1e21])}`,
        );
        isWhole = false;
        break;
      case 5:
        lines.push(`Content-Length: ${content.length}`, "Transfer-Encoding: chunked");
        isWhole = false;
        break;
      case 6:
        lines.push(
          dice.pick(["Transfer-Encoding: gzip, chunked", "Transfer-Encoding: xchunked", "Content-Length: 0x10"]),
        );
        isWhole = false;
        break;
      case 7:
        if (dice.chance(0.2)) content = Buffer.alloc(1024 * 1024 + dice.below(1024 * 1024), "[");
        lines.push(`Content-Length: ${content.length}`);
        isWhole = false;
        break;
      case 8:
        content = Buffer.from(content.map((byte) => (dice.chance(0.1) ? dice.below(256) : byte)));
        lines.push(`Content-Length: ${content.length}`);
        break;
      default:
        lines.push(`Content-Length: ${content.length}`);
    }
  }
  const version = dice.chance(0.005)
    ? dice.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "", "HTTP/1.1\u0000"])
    : "HTTP/1.1";
  const head = Buffer.from(`${[`${method} ${target} ${version}`, ...lines].join("\r\n")}\r\n\r\n`, "latin1");
  isWhole &&= version === "HTTP/1.1" && head.length < MAX_CLEAN_HEAD && !/upgrade/i.test(lines.join());
  return { bytes: Buffer.concat([head, content]), method, target, isWhole };
}

function toChunks(dice: Dice, content: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const size = Math.min(content.length - at, 1 + dice.below(4_000));
    parts.push(Buffer.from(`${size.toString(16)}\r\n`), content.subarray(at, at + size), Buffer.from("\r\n"));
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}
