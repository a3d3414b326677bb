import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startServer, type RunningServer } from "../../server/main.ts";

let server: RunningServer;
let reached = 0;
/** From where requests came, asked a moment later. */
const addresses: Promise<string | undefined>[] = [];

beforeAll(async () => {
  server = await startServer({
    host: "127.0.0.1",
    port: 0,
    app: async () => (_request, response) => void response.end("app"),
    connect: async () => ({
      ready: true,
      site(request, response) {
        reached += 1;
        addresses.push(new Promise((resolve) => setTimeout(() => resolve(request.socket.remoteAddress), 20)));
        if (request.url?.endsWith("?slow") === true) setTimeout(() => response.end("site"), 5);
        else if (request.url?.endsWith("?whole") === true) request.resume().on("end", () => response.end("site"));
        else response.end("site");
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

test("whole requests are answered in their order before what follows them is refused", async () => {
  const request = `GET ${PATH}?slow HTTP/1.1\r\n${HOST}\r\n\r\n`;
  const text = await receive((socket) => socket.write(`${request}${request}rubbish`));
  expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 400"]);
});

test("a whole request is answered before the broken body of the one behind it is refused", async () => {
  const broken = `POST ${PATH}?whole HTTP/1.1\r\n${HOST}\r\nTransfer-Encoding: chunked\r\n\r\nzz`;
  const text = await receive((socket) => socket.write(`GET ${PATH}?slow HTTP/1.1\r\n${HOST}\r\n\r\n${broken}\r\n`));
  expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
});

test.each(["h2c", "TLS/1.0", "foo"])("an offer to speak %s is passed over", async (protocol) => {
  const { head, body } = await send(
    `GET ${PATH} HTTP/1.1\r\n${HOST}\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}`,
  );
  expect(head).toMatch(/ 200 /);
  expect(body).toContain("site");
});

test("a request has its address also when the connection is reset right behind it", async () => {
  const before = addresses.length;
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  // By then the server has taken the connection; what never was one has no request either.
  await send(`GET ${PATH} HTTP/1.1\r\n${HOST}\r\nConnection: close`);
  socket.write(`GET ${PATH} HTTP/1.1\r\n${HOST}\r\n\r\n`, () => socket.resetAndDestroy());
  await vi.waitFor(() => expect(addresses).toHaveLength(before + 2));
  expect(await Promise.all(addresses.slice(before))).toEqual(["127.0.0.1", "127.0.0.1"]);
});

test("a reset with several requests under way does not hold up stopping", async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let requests = 0;
  const other = await startServer({
    host: "127.0.0.1",
    port: 0,
    app: async () => (_request, response) => void response.end("app"),
    connect: async () => ({
      ready: true,
      site: () => void ((requests += 1) === 3 && begin()),
      api: (_request, response) => void response.end("api"),
      upgrade: (_request, socket) => void socket.destroy(),
      [Symbol.asyncDispose]: async () => {},
    }),
  });
  const socket = connect(other.port, "127.0.0.1");
  socket.write(`GET ${PATH} HTTP/1.1\r\n${HOST}\r\n\r\n`.repeat(3));
  await begun;
  socket.resetAndDestroy();
  await other[Symbol.asyncDispose]();
});

/** Sends these lines as a request and resolves with what comes back until the connection ends. */
async function send(lines: string): Promise<{ head: string; body: string }> {
  const text = await receive((socket) => socket.end(Buffer.from(`${lines}\r\n\r\n`, "latin1")));
  const end = text.indexOf("\r\n\r\n");
  return { head: text.slice(0, end), body: text.slice(end + 4) };
}

/** Resolves with all that comes back on a connection until it ends. */
async function receive(talk: (socket: Socket) => void): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1").setEncoding("latin1");
    let answer = "";
    socket.on("data", (part: string) => (answer += part));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    talk(socket);
  });
}
