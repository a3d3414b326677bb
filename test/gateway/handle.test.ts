import { afterEach, describe, expect, test, vi } from "vitest";
import { MAX_BODY_BYTES, readText } from "#convex/gateway/body.ts";
import { DEADLINE_MS } from "#convex/gateway/deadline.ts";
import { handle } from "#convex/gateway/handle.ts";
import type { Serve } from "#convex/gateway/handle.ts";
import { latchkeyError } from "#convex/shared/errors.ts";

const origin = "https://keys.example.com";
const request = () => new Request(`${origin}/api/v1/whoami`, { headers: { origin } });
// What serves here never touches it; Convex's own context cannot be made outside of a deployment.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- so it stands in for one
const ctx = {} as Parameters<typeof handle>[0];

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

async function answerOf(serve: Serve) {
  vi.stubEnv("SITE_URL", origin);
  const response = await handle(ctx, request(), serve);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe("what the edge makes of a request's end", () => {
  test("R8 E21: an answer that takes longer than 30 seconds is 504, readable by the page that asked", async () => {
    vi.useFakeTimers();
    const pending = answerOf(() => new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    const early = await Promise.race([pending, Promise.resolve("still waiting")]);
    expect(early).toBe("still waiting");
    await vi.advanceTimersByTimeAsync(1);
    const { status, headers, body } = await pending;
    expect(status).toBe(504);
    expect(body).toMatchObject({ code: "TIMEOUT", title: "Gateway Timeout" });
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect(headers.get("x-trace-id")).toBe(body.traceId);
  });

  test("R8 E21: an answer that never comes is given up however many others come meanwhile", async () => {
    vi.useFakeTimers();
    const pending = answerOf(() => new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(1);
    const answers = Array.from({ length: 3000 }, () =>
      answerOf(async () => ({ status: 200, body: "{}", headers: {} })),
    );
    const late = answerOf(() => new Promise(() => undefined));
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    expect((await pending).status).toBe(504);
    const next = await Promise.race([late, Promise.resolve("still waiting")]);
    expect(next).toBe("still waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect((await late).status).toBe(504);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("R8: no timer is left behind", async () => {
    vi.useFakeTimers();
    await answerOf(async () => ({ status: 200, body: "{}", headers: {} }));
    expect(vi.getTimerCount()).toBe(0);
  });

  test("E4 N7: a fault of ours tells its caller nothing but where to find it in the log", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const fault = new Error("SELECT secret FROM vault");
    const { status, body } = await answerOf(async () => {
      throw fault;
    });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("vault");
    expect(body).toMatchObject({ code: "INTERNAL" });
    expect(log).toHaveBeenCalledWith(`[${body.traceId}]`, fault);
  });

  test("a refusal keeps its code and its fields", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { status, body } = await answerOf(async () => {
      throw latchkeyError("INVALID_INPUT", "Wrong.", [{ path: "name", message: "Give one." }]);
    });
    expect(status).toBe(422);
    expect(body).toMatchObject({ detail: "Wrong.", errors: [{ path: "name", message: "Give one." }] });
    expect(log).not.toHaveBeenCalled();
  });

  test("another handler's answer passes with its cookies and status", async () => {
    vi.stubEnv("SITE_URL", origin);
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    const response = await handle(ctx, request(), async () => new Response("moved", { status: 302, headers }));
    expect(response.status).toBe(302);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });
});

test("E21: a body that announces no length is counted while it arrives", async () => {
  const chunk = new Uint8Array(64 * 1024).fill(97);
  let sent = 0;
  let cancelled = false;
  const body = new ReadableStream({
    pull(controller) {
      sent += chunk.length;
      controller.enqueue(chunk);
    },
    cancel() {
      cancelled = true;
    },
  });
  const endless = new Request(origin, { method: "POST", body, duplex: "half" } as RequestInit);
  await expect(readText(endless)).rejects.toMatchObject({ data: { code: "BODY_TOO_LARGE" } });
  expect(cancelled).toBe(true);
  expect(sent).toBeLessThan(MAX_BODY_BYTES + 4 * chunk.length);
});
