import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { startServer, type RunningServer } from "../../server/main.ts";
import { connectRemoteDeployment, type RemoteDeployment } from "../../server/remote-deployment.ts";
import type { RequestHandler } from "../../server/static-files.ts";
import type { Upstream } from "../../server/upstream.ts";
import { listenForTest } from "../helpers/listen.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const answer =
  (text: string): RequestHandler =>
  (_request, response) =>
    void response.end(text);

function fakeUpstream(parts: Partial<Upstream> = {}): Upstream {
  return {
    ready: true,
    site: answer("site"),
    api: answer("api"),
    upgrade: (_request, socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    [Symbol.asyncDispose]: async () => {},
    ...parts,
  };
}

async function start(upstream: Upstream | Promise<Upstream>, port = 0): Promise<RunningServer> {
  const server = await startServer({
    host: "127.0.0.1",
    port,
    app: async () => answer("app"),
    connect: async () => await upstream,
  });
  open.push(server);
  return server;
}

async function nextEvent<Name extends keyof WebSocketEventMap>(
  ws: WebSocket,
  name: Name,
): Promise<WebSocketEventMap[Name]> {
  return await new Promise((resolve) => ws.addEventListener(name, resolve, { once: true }));
}

const text = async (url: string) => await (await fetch(url)).text();

test("one port answers for the dashboard, the product and the functions API", async () => {
  const { url, port } = await start(fakeUpstream());
  expect(url).toBe(`http://localhost:${port}`);
  expect(await text(`${url}/`)).toBe("app");
  expect(await text(`${url}/api/v1/keys`)).toBe("site");
  expect(await text(`${url}/api/query`)).toBe("api");
});

test("until a deployment is live, /api/health and everything else under /api is 503 and the dashboard is there", async () => {
  let ready = false;
  const upstream = fakeUpstream();
  const { url } = await start(Object.defineProperty(upstream, "ready", { get: () => ready }));
  for (const path of ["/api/health", "/api/v1/keys", "/api/query", "/openapi.json"]) {
    const response = await fetch(url + path);
    expect([path, response.status]).toEqual([path, 503]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status: 503, code: "STARTING" });
  }
  expect(await text(`${url}/`)).toBe("app");
  ready = true;
  expect(await text(`${url}/api/health`)).toBe("site");
});

test("a busy port is an error that names it and says how to choose another", async () => {
  const { port } = await start(fakeUpstream());
  await expect(start(fakeUpstream(), port)).rejects.toMatchObject({
    name: "OperatorError",
    message: `port ${port} is already in use`,
    hint: expect.stringContaining("--port"),
    exitCode: 1,
  });
});

test("a deployment that cannot be connected gives the port back", async () => {
  const probe = await listenForTest(createServer());
  const port = Number(new URL(probe.origin).port);
  await probe.close();
  await expect(start(Promise.reject(new Error("no deployment")), port)).rejects.toThrow("no deployment");
  expect((await start(fakeUpstream(), port)).port).toBe(port);
});

test("stopping answers the request under way, takes no new one, and then lets the deployment go", async () => {
  const order: string[] = [];
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  const upstream = fakeUpstream({
    site: async (_request, response) => {
      enter();
      await gate;
      order.push("answered");
      response.end("late");
    },
    [Symbol.asyncDispose]: async () => void order.push("disposed"),
  });
  const server = await start(upstream);
  const slow = text(`${server.url}/api/v1/slow`);
  await entered;
  const stopped = server[Symbol.asyncDispose]();
  await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
  openGate();
  expect(await slow).toBe("late");
  await stopped;
  expect(order).toEqual(["answered", "disposed"]);
});

test("a socket opens on the sync path only", async () => {
  const wss = new WebSocketServer({ noServer: true });
  const { url } = await start(
    fakeUpstream({
      upgrade: (request, socket, head) => wss.handleUpgrade(request, socket, head, (ws) => ws.send("hello")),
    }),
  );
  const ws = new WebSocket(`${url.replace("http", "ws")}/api/1.48.0/sync`);
  expect((await nextEvent(ws, "message")).data).toBe("hello");
  const refused = new WebSocket(`${url.replace("http", "ws")}/elsewhere`);
  expect((await nextEvent(refused, "close")).code).toBe(1006);
});

/** A stand-in for a Convex deployment: an HTTP server that tells what reached it, and echoes on a socket. */
async function remoteDeployment(): Promise<{ deployment: RemoteDeployment; origin: URL }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      response.writeHead(
        201,
        [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
          ["x-upstream", "yes"],
        ].flat(),
      );
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          headers: request.headers,
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
  });
  const wss = new WebSocketServer({ server });
  wss.on("connection", (ws) => ws.on("message", (data) => ws.send(data, { binary: false })));
  const listening = await listenForTest(server);
  const origin = new URL(listening.origin);
  open.push({
    async [Symbol.asyncDispose]() {
      for (const client of wss.clients) client.terminate();
      await listening.close();
    },
  });
  return { origin, deployment: { cloudUrl: origin, adminKey: "k", cliEnvironment: {} } };
}

test("E16: in front of a remote deployment, requests travel whole in both directions and our own headers replace the client's", async () => {
  const { deployment, origin } = await remoteDeployment();
  const { url } = await start(connectRemoteDeployment(deployment, origin, "the proxy's secret"));
  const response = await fetch(`${url}/api/v1/keys?limit=2`, {
    method: "POST",
    body: "x".repeat(300_000),
    headers: {
      "x-api-key": "lk",
      "x-latchkey-peer": "6.6.6.6",
      "x-latchkey-proxy-secret": "guessed",
      "x-latchkey-forwarded-for": "7.7.7.7",
      "x-forwarded-for": "9.9.9.9",
      "x-forwarded-host": "evil",
    },
  });
  expect(response.status).toBe(201);
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  const seen = await response.json();
  expect(seen).toMatchObject({ method: "POST", url: "/api/v1/keys?limit=2", body: "x".repeat(300_000) });
  expect(seen.headers).toMatchObject({ "x-api-key": "lk", host: origin.host, "x-forwarded-host": new URL(url).host });
  expect(seen.headers["x-forwarded-for"]).toMatch(/^9\.9\.9\.9, (::ffff:)?127\.0\.0\.1$/);
  expect(seen.headers).toMatchObject({
    "x-latchkey-proxy-secret": "the proxy's secret",
    "x-latchkey-forwarded-for": "9.9.9.9",
  });
  expect(seen.headers["x-latchkey-peer"]).toMatch(/^(::ffff:)?127\.0\.0\.1$/);

  const plain = await fetch(`${url}/api/v1/keys`, { headers: { "x-latchkey-forwarded-for": "7.7.7.7" } });
  expect((await plain.json()).headers).not.toHaveProperty("x-latchkey-forwarded-for");
});

test("the functions API of a remote deployment is told neither the secret nor the peer", async () => {
  const { deployment, origin } = await remoteDeployment();
  const { url } = await start(connectRemoteDeployment(deployment, origin, "the proxy's secret"));
  const headers = { "x-latchkey-peer": "6.6.6.6", "x-latchkey-proxy-secret": "guessed" };
  const seen = await (await fetch(`${url}/api/query`, { method: "POST", headers })).json();
  expect(Object.keys(seen.headers).filter((name) => name.startsWith("x-latchkey"))).toEqual([]);
});

test("a remote deployment's deploy and admin routes are not on our port", async () => {
  const { deployment, origin } = await remoteDeployment();
  const { url } = await start(connectRemoteDeployment(deployment, origin, "the proxy's secret"));
  for (const path of [
    "/api/deploy2/start_push",
    "/api/update_environment_variables",
    "/api/shapes2",
    "/api/query/../deploy2",
  ]) {
    expect([path, (await fetch(url + path, { method: "POST" })).status]).toEqual([path, 404]);
  }
  expect((await fetch(`${url}/api/query`, { method: "POST" })).status).toBe(201);
});

test("the sync socket of a remote deployment runs through our port", async () => {
  const { deployment, origin } = await remoteDeployment();
  const { url } = await start(connectRemoteDeployment(deployment, origin, "the proxy's secret"));
  const ws = new WebSocket(`${url.replace("http", "ws")}/api/1.48.0/sync`);
  await nextEvent(ws, "open");
  ws.send("ping");
  expect((await nextEvent(ws, "message")).data).toBe("ping");
  ws.close();
});

test("a remote deployment that is not there is a 502 that says so", async () => {
  const gone = await listenForTest(createServer());
  await gone.close();
  const origin = new URL(gone.origin);
  const { url } = await start(
    connectRemoteDeployment({ cloudUrl: origin, adminKey: "k", cliEnvironment: {} }, origin, "the proxy's secret"),
  );
  const response = await fetch(`${url}/api/v1/keys`);
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject({
    code: "UPSTREAM_UNREACHABLE",
    detail: expect.stringContaining(origin.host),
  });
});

test("a client that hangs up in the middle of a request breaks nothing", async () => {
  const { deployment, origin } = await remoteDeployment();
  const { url, port } = await start(connectRemoteDeployment(deployment, origin, "the proxy's secret"));
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve) =>
    socket.write("POST /api/v1/keys HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf", () => resolve()),
  );
  socket.destroy();
  const status = await new Promise((resolve) =>
    httpRequest(`${url}/api/v1/keys`, (response) => resolve(response.resume().statusCode)).end(),
  );
  expect(status).toBe(201);
});
