import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type RunningServer } from "../../server/main.ts";

let server: RunningServer;
let reached = 0;

beforeAll(async () => {
  server = await startServer({
    host: "127.0.0.1",
    port: 0,
    app: async () => (_request, response) => void response.end("app"),
    connect: async () => ({
      ready: true,
      site(_request, response) {
        reached += 1;
        response.end("site");
      },
      api: (_request, response) => void response.end("api"),
      upgrade: (_request, socket) => void socket.destroy(),
      [Symbol.asyncDispose]: async () => {},
    }),
  });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const PATH = "/api/v1/keys";
const HOST = "Host: localhost";

test.each([
  ["a line that is no request", "hello", 400, "MALFORMED_REQUEST"],
  ["a header without a colon", `GET ${PATH} HTTP/1.1\r\n${HOST}\r\nnothing`, 400, "MALFORMED_REQUEST"],
  ["a byte in the path that belongs encoded", `GET ${PATH}\u00e9 HTTP/1.1\r\n${HOST}`, 400, "MALFORMED_REQUEST"],
  [
    "two ways to say where the body ends",
    `POST ${PATH} HTTP/1.1\r\n${HOST}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked`,
    400,
    "MALFORMED_REQUEST",
  ],
  ["20 KB of headers", `GET ${PATH} HTTP/1.1\r\n${HOST}\r\nx: ${"a".repeat(20_000)}`, 431, "MALFORMED_REQUEST"],
  ["no Host", `GET ${PATH} HTTP/1.1`, 400, "MALFORMED_REQUEST"],
  ["a Host that is none", `GET ${PATH} HTTP/1.1\r\nHost: [::1`, 400, "MALFORMED_REQUEST"],
  ["two Hosts", `GET ${PATH} HTTP/1.1\r\nHost: a\r\nHost: b`, 400, "MALFORMED_REQUEST"],
  ["a method that nothing takes", `PROPFIND ${PATH} HTTP/1.1\r\n${HOST}`, 405, "METHOD_NOT_ALLOWED"],
  ["TRACE", `TRACE ${PATH} HTTP/1.1\r\n${HOST}`, 405, "METHOD_NOT_ALLOWED"],
  ["an Expect that we do not know", `GET ${PATH} HTTP/1.1\r\n${HOST}\r\nExpect: magic`, 417, "MALFORMED_REQUEST"],
])("%s is refused as a problem and goes no further", async (_title, request, status, code) => {
  const before = reached;
  const { head, body } = await send(request);
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head.toLowerCase()).toContain("content-type: application/problem+json");
  const problem: unknown = JSON.parse(body);
  expect(problem).toMatchObject({ type: "about:blank", title: expect.stringMatching(/ /), status, code });
  expect(problem).toMatchObject({
    detail: expect.stringMatching(/\w/),
    traceId: expect.stringMatching(/^[\da-f-]{36}$/),
  });
  expect(head).toContain(Reflect.get(Object(problem), "traceId"));
  expect(reached).toBe(before);
});

test("HTTP/1.0, which knew no hosts, is served without one", async () => {
  expect(await send(`GET ${PATH} HTTP/1.0`)).toMatchObject({ head: expect.stringMatching(/ 200 /), body: "site" });
});

test("what follows a whole request and is none does not cut its answer short", async () => {
  const { head, body } = await send(`GET ${PATH} HTTP/1.1\r\n${HOST}\r\nConnection: keep-alive\r\n\r\nrubbish`);
  expect(head).toMatch(/ 200 /);
  expect(body).toContain("site");
});

/** Sends these lines as a request and resolves with what comes back until the connection ends. */
async function send(lines: string): Promise<{ head: string; body: string }> {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1").setEncoding("latin1");
    let answer = "";
    socket.on("data", (part: string) => (answer += part));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.end(Buffer.from(`${lines}\r\n\r\n`, "latin1"));
  });
  const end = text.indexOf("\r\n\r\n");
  return { head: text.slice(0, end), body: text.slice(end + 4) };
}
