import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { IncomingHeaders } from "#backend/web/incoming-headers.ts";

const PEER = "x-peer";

function headersOf(
  sent: Record<string, string | string[]>,
  address: string | undefined = "192.0.2.1",
): IncomingHeaders {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: address });
  const message = new IncomingMessage(socket);
  Object.assign(message.headers, sent);
  return new IncomingHeaders(message, PEER);
}

describe("the headers of a request", () => {
  test("are found whatever the case of their names, and are null when they were not sent", () => {
    const headers = headersOf({ "x-api-key": "a", "set-cookie": ["b", "c"] });
    expect([headers.get("X-Api-Key"), headers.get("set-cookie"), headers.get("origin")]).toEqual(["a", "b, c", null]);
    expect([headers.has("X-API-KEY"), headers.has("origin")]).toEqual([true, false]);
    expect([headers.get("constructor"), headers.get("__proto__"), headers.has("toString")]).toEqual([
      null,
      null,
      false,
    ]);
  });

  test("tell the socket's address, and never what a client wrote in its place", () => {
    expect(headersOf({ [PEER]: "203.0.113.9" }).get("X-Peer")).toBe("192.0.2.1");
    expect([...headersOf({ [PEER]: "203.0.113.9" })]).toEqual([[PEER, "192.0.2.1"]]);
  });

  test("refuse what is no name, as every Headers object does", () => {
    expect(() => headersOf({}).get("not a name")).toThrow(TypeError);
    expect(() => headersOf({}).has("")).toThrow(TypeError);
  });

  test("are a Headers object to whoever copies, walks or changes them", () => {
    const headers = headersOf({ a: "1", b: "2" });
    expect(headers).toBeInstanceOf(Headers);
    expect([...new Headers(headers)]).toEqual([...headers]);
    headers.set("a", "3");
    headers.append("b", "4");
    headers.delete(PEER);
    expect([headers.get("a"), headers.get("b"), headers.has(PEER)]).toEqual(["3", "2, 4", false]);
    const seen: string[] = [];
    headers.forEach((value, name) => seen.push(`${name}=${value}`));
    expect(seen).toEqual(["a=3", "b=2, 4"]);
    expect(new Request("http://localhost/", { headers }).headers.get("a")).toBe("3");
  });
});
