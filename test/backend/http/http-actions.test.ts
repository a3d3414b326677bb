import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { HttpCaller } from "#backend/functions/calls.ts";
import { HttpActions } from "#backend/http/http-actions.ts";
import { FunctionRequest } from "#backend/web/incoming-request.ts";
import { OutgoingResponse } from "#backend/web/outgoing-response.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Action = (request: Request, caller: HttpCaller | undefined) => Promise<Response> | Response;

async function serve(action: Action, options: { maxBodyBytes?: number; bodyTimeoutMs?: number } = {}) {
  const actions = new HttpActions({
    runner: { runHttpAction: async (request, caller) => action(request, caller) },
    identify: (jwt) =>
      Promise.resolve(jwt === "eyJ.good.one" ? { tokenIdentifier: "i|s", subject: "s", issuer: "i" } : null),
    log: () => {},
    maxBodyBytes: options.maxBodyBytes ?? 1000,
    bodyTimeoutMs: options.bodyTimeoutMs ?? 10_000,
    peerAddressHeader: "x-test-peer",
  });
  const server = createServer(actions.handle);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}`, port: address.port };
}

async function send(port: number, text: string): Promise<{ socket: Socket; answer: () => Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  socket.write(text);
  const answer = async (): Promise<string> => {
    await once(socket, "close");
    return received;
  };
  return { socket, answer };
}

test("an action sees method, URL, headers and body of the request", async () => {
  const { url } = await serve(async (request) => {
    expect(request instanceof Request).toBe(true);
    const body: unknown = await request.json();
    return OutgoingResponse.json({ url: request.url, method: request.method, a: request.headers.get("X-A"), body });
  });
  const response = await fetch(`${url}/dir/../file%20name?q=1#hash`, {
    method: "POST",
    headers: { "x-a": "b" },
    body: JSON.stringify({ n: 1 }),
  });
  expect(await response.json()).toEqual({ url: `${url}/file%20name?q=1`, method: "POST", a: "b", body: { n: 1 } });
});

test("paths that a parser would change arrive changed", async () => {
  const { port } = await serve((request) => new OutgoingResponse(request.url));
  const { answer } = await send(
    port,
    "GET /a/%2e%2e/../b/. HTTP/1.1\r\nHost: Example.test\r\nConnection: close\r\n\r\n",
  );
  expect(await answer()).toContain("http://example.test/b/");
});

test("the scheme is that of the proxy's client, and a Host that is no host is refused", async () => {
  const { port } = await serve((request) => new OutgoingResponse(request.url));
  const good = await send(
    port,
    "GET /x HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n",
  );
  expect(await good.answer()).toContain("https://a.test/x");
  const bad = await send(port, "GET /x HTTP/1.1\r\nHost: a.test/evil?\r\nConnection: close\r\n\r\n");
  expect(await bad.answer()).toMatch(/^HTTP\/1.1 400 /);
});

test("the socket's address cannot be forged by the client", async () => {
  const { url } = await serve((request, caller) =>
    OutgoingResponse.json([request.headers.get("x-test-peer"), caller?.client?.ip]),
  );
  const response = await fetch(url, { headers: { "X-Test-Peer": "6.6.6.6" } });
  expect(await response.json()).toEqual(["127.0.0.1", "127.0.0.1"]);
});

test("a foreign Authorization header is passed on without an identity", async () => {
  const { url } = await serve((request, caller) =>
    OutgoingResponse.json([request.headers.get("authorization"), caller?.identity?.subject ?? null]),
  );
  const ask = async (authorization: string): Promise<unknown> =>
    (await fetch(url, { headers: { authorization } })).json();
  expect(await ask("Basic abc")).toEqual(["Basic abc", null]);
  expect(await ask("Bearer eyJ.bad.one")).toEqual(["Bearer eyJ.bad.one", null]);
  expect(await ask("Bearer eyJ.good.one")).toEqual(["Bearer eyJ.good.one", "s"]);
});

test("every cookie is sent on its own", async () => {
  const { url } = await serve(() => {
    const headers = new Headers();
    headers.append("set-cookie", "a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT");
    headers.append("set-cookie", "b=2");
    return new OutgoingResponse(null, { status: 302, headers });
  });
  const response = await fetch(url, { redirect: "manual" });
  expect(response.headers.getSetCookie()).toEqual(["a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT", "b=2"]);
});

test("HEAD gets the headers of the answer and no body", async () => {
  const { port } = await serve(() => new OutgoingResponse("twelve bytes"));
  const { answer } = await send(port, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const text = await answer();
  expect(text).toContain("content-length: 12");
  expect(text.endsWith("\r\n\r\n")).toBe(true);
});

test("a stream arrives piece by piece", async () => {
  const gate = Promise.withResolvers<void>();
  const { url } = await serve(
    () =>
      new OutgoingResponse(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(new TextEncoder().encode("first"));
            await gate.promise;
            controller.enqueue(new TextEncoder().encode("second"));
            controller.close();
          },
        }),
        { headers: { "content-length": "3" } },
      ),
  );
  const response = await fetch(url);
  const reader = response.body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first");
  gate.resolve();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("second");
  expect((await reader?.read())?.done).toBe(true);
});

test("a response that came from fetch is passed through", async () => {
  const inner = await serve(() => new OutgoingResponse("inner", { headers: { "x-inner": "1" } }));
  const outer = await serve((request) => fetch(inner.url, { method: request.method }));
  const response = await fetch(outer.url);
  expect([response.headers.get("x-inner"), await response.text()]).toEqual(["1", "inner"]);
});

test("the request can be copied, cloned and forwarded as any other", async () => {
  const { url } = await serve(async (request) => {
    const clone = request.clone();
    const copy = new FunctionRequest(request, { headers: { "x-new": "1" } });
    expect(copy instanceof FunctionRequest && request instanceof FunctionRequest).toBe(true);
    return OutgoingResponse.json([await clone.text(), await copy.text(), copy.headers.get("x-new"), request.bodyUsed]);
  });
  const response = await fetch(url, { method: "POST", body: "hello" });
  expect(await response.json()).toEqual(["hello", "hello", "1", true]);
});

test("form data and streams of the request's body can be read", async () => {
  const { url } = await serve(async (request) => {
    if (request.headers.get("content-type")?.startsWith("multipart/") ?? false) {
      const form = await request.formData();
      return OutgoingResponse.json([...form.entries()]);
    }
    let size = 0;
    if (request.body !== null) for await (const chunk of request.body) size += chunk.byteLength;
    return new OutgoingResponse(String(size));
  });
  const form = new FormData();
  form.set("a", "1");
  expect(await (await fetch(url, { method: "POST", body: form })).json()).toEqual([["a", "1"]]);
  expect(await (await fetch(url, { method: "POST", body: new Uint8Array(500) })).text()).toBe("500");
  expect(await (await fetch(url)).text()).toBe("0");
});

test("an uncaught error is a 500 with a code and nothing else", async () => {
  const { url } = await serve(() => {
    throw new Error("secret detail");
  });
  const response = await fetch(url);
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ code: "InternalServerError" });
  expect(text).not.toContain("secret detail");
});

test.each([
  { announced: true, name: "announced" },
  { announced: false, name: "found out while reading" },
])("a body over the limit is 413, $name", async ({ announced }) => {
  const { url } = await serve(async (request) => {
    await request.text();
    return new OutgoingResponse("read");
  });
  const body = new Uint8Array(5000);
  const response = await fetch(url, {
    method: "POST",
    body: announced ? body : new Blob([body]).stream(),
    ...(announced ? {} : { duplex: "half" }),
  });
  expect([response.status, await response.json()]).toEqual([
    413,
    { code: "BodyTooLarge", message: "The request body was too large" },
  ]);
});

test("a body is read whole, whether it came with its headers or later", async () => {
  const begun = Promise.withResolvers<void>();
  const { port } = await serve(async (request) => {
    const reading = request.text();
    if (request.url.endsWith("/later")) begun.resolve();
    return new OutgoingResponse(`<${await reading}>`);
  });
  const pieces = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n";
  const empty = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  const half = "POST /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 7\r\n\r\nabc";
  const { socket, answer } = await send(port, pieces + empty + half);
  await begun.promise;
  socket.write("defg");
  expect((await answer()).match(/<.*?>/g)).toEqual(["<abcde>", "<>", "<abcdefg>"]);
});

test("a body that had come whole when its sender went away is cut off, not waited for", async () => {
  const begun = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<unknown>();
  const { port } = await serve(async (request) => {
    request.signal.addEventListener("abort", () => gone.resolve());
    begun.resolve();
    await gone.promise;
    await request.text().catch(failed.resolve);
    return new OutgoingResponse("");
  });
  const { socket } = await send(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  await begun.promise;
  socket.resetAndDestroy();
  expect(await failed.promise).toMatchObject({ failure: "cut off" });
});

test("a body that does not arrive in time is 408", async () => {
  const { port } = await serve(async (request) => new OutgoingResponse(await request.text()), { bodyTimeoutMs: 50 });
  const { answer } = await send(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  expect(await answer()).toMatch(/^HTTP\/1.1 408 /);
});

test("a client that goes away aborts the request's signal and cancels the stream", async () => {
  const events: string[] = [];
  const { url } = await serve((request) => {
    request.signal.addEventListener("abort", () => events.push("aborted"));
    return new OutgoingResponse(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array([1])),
        cancel: () => void events.push("canceled"),
      }),
    );
  });
  const client = httpRequest(url, (response) => {
    response.once("data", () => client.destroy());
    response.on("error", () => events.push("client gone"));
  });
  client.end();
  await expect.poll(() => events.toSorted()).toEqual(["aborted", "canceled", "client gone"]);
});

test("a signal stays quiet when the answer was taken", async () => {
  let aborted = false;
  const { url } = await serve((request) => {
    request.signal.addEventListener("abort", () => (aborted = true));
    return new OutgoingResponse("ok");
  });
  const response = await fetch(url, { headers: { connection: "close" } });
  await response.text();
  await new Promise((resolve) => setImmediate(resolve));
  expect(aborted).toBe(false);
});
