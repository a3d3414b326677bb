import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { handle } from "#convex/gateway/handle.ts";
import { callUpstream } from "#convex/gateway/upstream.ts";
import { listenForTest } from "../helpers/listen.ts";

const site = "https://keys.example.com";
const call = { kind: "query" as const, path: "orders:listOpen", args: { limit: 1n }, token: "a.b.c" };
// What serves here never touches it; Convex's own context cannot be made outside of a deployment.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- so it stands in for one
const ctx = {} as Parameters<typeof handle>[0];

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** The edge's whole answer to a request that calls a function of this deployment. */
async function answerOf(origin: string, limitMs?: number) {
  vi.stubEnv("SITE_URL", site);
  const request = new Request(`${site}/api/run/orders/listOpen`, { method: "POST", headers: { origin: site } });
  const response = await handle(ctx, request, async () => {
    const outcome = await callUpstream({ ...call, origin }, { limitMs });
    return { status: 200, body: JSON.stringify(outcome), headers: {} };
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function upstream(listener: RequestListener) {
  const server = createServer(listener);
  const { origin } = await listenForTest(server);
  return {
    origin,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("calling a function of the deployment", () => {
  test("R8, E21: one that does not answer in time is 504 with CORS and trace id, and is given up", async () => {
    let hungUp: Promise<void> | undefined;
    await using slow = await upstream((request) => {
      hungUp = new Promise((resolve) => void request.socket.once("close", resolve));
    });
    const { status, headers, body } = await answerOf(slow.origin, 50);
    expect(status).toBe(504);
    expect(body).toMatchObject({ code: "TIMEOUT", traceId: headers.get("x-trace-id") });
    expect(headers.get("access-control-allow-origin")).toBe(site);
    expect(headers.get("vary")).toBe("Origin");
    await hungUp;
  });

  test("R8: one that stops in the middle of its answer is 504 too", async () => {
    await using slow = await upstream((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"status":');
    });
    expect((await answerOf(slow.origin, 50)).status).toBe(504);
  });

  test("T13: nobody there is 503, and so is a deployment that is overloaded", async () => {
    const { origin } = await upstream(() => undefined).then(async (gone) => {
      await gone[Symbol.asyncDispose]();
      return gone;
    });
    const { status, headers, body } = await answerOf(origin);
    expect({ status, code: body.code }).toEqual({ status: 503, code: "UNAVAILABLE" });
    expect(headers.get("access-control-allow-origin")).toBe(site);
    await using busy = await upstream((_request, response) => void response.writeHead(503).end("try later"));
    expect((await answerOf(busy.origin)).status).toBe(503);
  });

  test("E16: the call goes to the fixed address with our own token and nothing else of the caller's", async () => {
    const seen: unknown[] = [];
    await using deployment = await upstream((request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        const { authorization, "x-api-key": key, cookie, origin } = request.headers;
        seen.push({
          url: request.url,
          method: request.method,
          authorization,
          key,
          cookie,
          origin,
          body: JSON.parse(text),
        });
        response.end(JSON.stringify({ status: "success", value: { $integer: "AgAAAAAAAAA=" } }));
      });
    });
    expect(await callUpstream({ ...call, origin: deployment.origin })).toEqual({ ok: true, value: 2n });
    expect(seen).toEqual([
      {
        url: "/api/query",
        method: "POST",
        authorization: "Bearer a.b.c",
        key: undefined,
        cookie: undefined,
        origin: undefined,
        body: {
          path: "orders:listOpen",
          args: [{ limit: { $integer: "AQAAAAAAAAA=" } }],
          format: "convex_encoded_json",
        },
      },
    ]);
  });

  test("a redirect is not followed: the token is for one address", async () => {
    await using elsewhere = await upstream((_request, response) => {
      response.end(JSON.stringify({ status: "success", value: "stolen" }));
    });
    await using moved = await upstream((_request, response) => {
      response.writeHead(307, { location: elsewhere.origin }).end();
    });
    expect((await answerOf(moved.origin)).status).toBe(503);
  });

  test("a refusal of ours is a fault: its words stay in the log", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await using deployment = await upstream((_request, response) => {
      response.writeHead(401).end(JSON.stringify({ code: "BadSignature", message: "the token's signature" }));
    });
    const { status, body } = await answerOf(deployment.origin);
    expect({ status, code: body.code }).toEqual({ status: 500, code: "INTERNAL" });
    expect(JSON.stringify(body)).not.toContain("signature");
    expect(log).toHaveBeenCalledOnce();
  });

  test.each([
    ["an answer", async () => new Response(JSON.stringify({ status: "success", value: 1 }))],
    ["a refusal", async () => new Response(JSON.stringify({ status: "error", errorData: 1 }), { status: 560 })],
    ["a fault", async () => new Response("oops", { status: 400 })],
    ["no connection", async () => await Promise.reject(new TypeError("fetch failed"))],
  ])("R8: no timer is left behind after %s", async (_title, respond) => {
    vi.useFakeTimers();
    vi.stubGlobal("fetch", respond);
    await callUpstream({ ...call, origin: "http://127.0.0.1:1" }).catch(() => undefined);
    expect(vi.getTimerCount()).toBe(0);
  });
});
