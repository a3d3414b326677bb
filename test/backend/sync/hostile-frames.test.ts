import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isJsonObject, type JsonObject, type JsonValue } from "#backend/values/json.ts";
import { Dice } from "../../helpers/dice.ts";
import { wildBody, wildJson, wildText } from "../../helpers/wild-json.ts";
import { counterApp } from "../clients/counter-app.ts";
import { RawSyncClient } from "../clients/raw-sync-client.ts";
import { type RunningBackend, runBackend } from "../clients/running-backend.ts";

// CONTRIBUTING says how to run more of them.
const COUNT = Number(process.env["LATCHKEY_FUZZ_SOCKETS"] ?? 100);
const SEED = Number(process.env["LATCHKEY_FUZZ_SEED"] ?? 1);
const TIMEOUT_MS = 60_000 + COUNT * 50;
const PROBE = 999_999;
const CLOSED = { misuse: 1008, normal: 1000, tryAgain: 1013 };

let backend: RunningBackend;

beforeAll(async () => {
  backend = await runBackend();
  await backend.push(counterApp());
});
afterAll(async () => await backend[Symbol.asyncDispose]());

test(`${COUNT} conversations with odd but legal frames go on to their end`, { timeout: TIMEOUT_MS }, async () => {
  for (let index = 0; index < COUNT; index += 1) {
    const talk = new Talk(new Dice(SEED, index));
    const frames = Array.from({ length: 6 }, () => talk.legal());
    using client = await RawSyncClient.connect(backend.siteUrl);
    for (const frame of frames) client.send(frame);
    client.mutate(PROBE, "counter:nothing");
    await told(index, frames, async () => await client.until(({ requestId }) => requestId === PROBE));
    expect([...client.ofType("FatalError"), ...client.ofType("AuthError")], because(index, frames)).toEqual([]);
  }
  await requireHealthy();
});

test(
  `${COUNT} misuses of the protocol each end their own socket with a FatalError`,
  { timeout: TIMEOUT_MS },
  async () => {
    for (let index = 0; index < COUNT; index += 1) {
      const dice = new Dice(SEED, index);
      const talk = new Talk(dice);
      const frames: unknown[] = [talk.legal(), talk.misuse(), talk.legal()];
      using client = await RawSyncClient.connect(backend.siteUrl);
      for (const frame of frames) client.socket.send(textOf(frame), { binary: frame instanceof Buffer });
      const closed = await told(index, frames, async () => await client.untilClosed());
      expect(closed.code, because(index, frames)).toBe(CLOSED.misuse);
      expect(client.received.at(-1), because(index, frames)).toMatchObject({ type: "FatalError" });
    }
    await requireHealthy();
  },
);

test(
  `${COUNT} conversations with altered frames are answered or refused, never dropped`,
  { timeout: TIMEOUT_MS },
  async () => {
    const ends = new Set<number>();
    for (let index = 0; index < COUNT; index += 1) {
      const dice = new Dice(SEED, index);
      const talk = new Talk(dice);
      const hello = { type: "Connect", sessionId: "s", connectionCount: 0, lastCloseReason: null, clientTs: 0 };
      const frames = Array.from({ length: 4 }, () => wildBody(dice, talk.legal()));
      if (dice.chance(0.3)) frames.unshift(wildBody(dice, hello));
      else frames.unshift(JSON.stringify(hello));
      using client = await RawSyncClient.connect(backend.siteUrl, null);
      for (const frame of frames) client.socket.send(frame);
      client.mutate(PROBE, "counter:nothing");
      await told(index, frames, async () => {
        await Promise.race([
          client.until(({ requestId }) => requestId === PROBE).catch(() => {}),
          client.untilClosed(),
        ]);
      });
      if (client.closed !== null) ends.add(client.closed.code);
      expect(client.closed?.code ?? CLOSED.normal, because(index, frames)).toBeOneOf(Object.values(CLOSED));
    }
    expect(ends).toContain(CLOSED.misuse);
    await requireHealthy();
  },
);

test("what is no WebSocket, or a broken one, ends its own connection only", { timeout: TIMEOUT_MS }, async () => {
  for (let index = 0; index < COUNT; index += 1) {
    const dice = new Dice(SEED, index);
    const bytes = Buffer.concat([Buffer.from(handshake(dice)), ...dice.some(4, () => rawFrame(dice))]);
    await told(index, [bytes.toString("latin1")], async () => await sendRaw(bytes));
  }
  await requireHealthy();
});

/** One client's side of the protocol: knows what would be right, and so what is wrong. */
class Talk {
  readonly #dice: Dice;
  #version = 0;
  #identity = 0;
  #requestId = 0;
  #queryId = 0;
  readonly #queries: number[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** A frame that the protocol allows, however little sense it makes. */
  legal(): JsonObject {
    const dice = this.#dice;
    const call = { udfPath: this.#path(), args: [this.#args()] };
    switch (dice.below(7)) {
      case 0:
      case 1: {
        this.#queries.push((this.#queryId += 1));
        return this.#modify([{ type: "Add", queryId: this.#queryId, ...call }]);
      }
      case 2: {
        const queryId = this.#queries.pop();
        return this.#modify(queryId === undefined ? [] : [{ type: "Remove", queryId }]);
      }
      case 3:
        return { type: "Mutation", requestId: (this.#requestId += 1), ...call };
      case 4:
        return { type: "Action", requestId: (this.#requestId += 1), ...call };
      case 5:
        return { type: "Authenticate", tokenType: "None", baseVersion: this.#identity++ };
      default:
        return { type: "Event", eventType: wildText(dice), event: this.#args() };
    }
  }

  /** A frame that breaks the protocol here and now. */
  misuse(): unknown {
    const dice = this.#dice;
    const call = { udfPath: "counter:nothing", args: [{}] };
    return dice.pick<() => unknown>([
      () => dice.pick(["", "{", "null", "[]", "3", '"Connect"', "\u0000", "[".repeat(50_000), "{}"]),
      () => randomBytes(1 + dice.below(100)),
      () => ({ type: dice.pick(["", "connect", "__proto__", "constructor", "Transition", "FatalError", "Ping"]) }),
      () => ({ type: "Connect", sessionId: "again", connectionCount: 0 }),
      () => ({ type: "Mutation", requestId: dice.pick([-1, 1.5, 2 ** 53, "1", null]), ...call }),
      () => ({ type: "Mutation", requestId: 1, udfPath: dice.pick([null, 1, {}, []]), args: [{}] }),
      () => ({ type: "Action", requestId: 1, udfPath: "a:b", args: dice.pick([[{}, {}], [[]], "x", 3, [1]]) }),
      () => this.#modify([{ type: "Remove", queryId: 77 }]),
      () =>
        this.#modify([
          { type: "Add", queryId: 5e15, ...call },
          { type: "Add", queryId: 5e15, ...call },
        ]),
      () => this.#modify([dice.pick<JsonValue>([null, 3, [], {}, { type: "Replace", queryId: 1 }])]),
      () => ({ ...this.#modify([]), baseVersion: 1e9 }),
      () => ({ ...this.#modify([]), newVersion: 0 }),
      () => ({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: dice.pick([null, {}, "[]"]) }),
      () => ({ type: "Authenticate", tokenType: "None", baseVersion: 1e9 }),
      () => ({ type: "Authenticate", tokenType: dice.pick(["none", "", null, 1]), baseVersion: this.#identity }),
      () => ({ type: "Authenticate", tokenType: "User", value: dice.pick([null, 1, {}]), baseVersion: this.#identity }),
    ])();
  }

  #modify(modifications: JsonValue[]): JsonObject {
    return { type: "ModifyQuerySet", baseVersion: this.#version, newVersion: (this.#version += 1), modifications };
  }

  #path(): string {
    const known = ["get", "increment", "nothing", "note", "events", "whoami", "refuse", "crash", "hidden", "values"];
    if (this.#dice.chance(0.7)) return `counter:${this.#dice.pick(known)}`;
    return this.#dice.pick([
      "",
      ":",
      "a:b:c",
      "../x:y",
      "_system/x:y",
      "counter",
      "__proto__:constructor",
      wildText(this.#dice),
    ]);
  }

  #args(): JsonObject {
    if (this.#dice.chance(0.4)) return { name: wildText(this.#dice), label: wildText(this.#dice) };
    const args: unknown = JSON.parse(JSON.stringify(wildJson(this.#dice)));
    return isJsonObject(args) ? args : { name: "x", label: "x" };
  }
}

function textOf(frame: unknown): string | Buffer {
  return typeof frame === "string" || frame instanceof Buffer ? frame : JSON.stringify(frame);
}

/** Nothing was logged as a fault, and somebody else is served as ever. */
async function requireHealthy(): Promise<void> {
  using client = await RawSyncClient.connect(backend.siteUrl);
  client.add(1, 1, "counter:whoami");
  await client.untilValue(1, (value) => value === null);
  expect(backend.complaints).toEqual([]);
}

async function told<Result>(index: number, frames: unknown[], work: () => Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("no end")), 15_000);
  try {
    return await Promise.race([work(), promise]);
  } catch (error) {
    throw new Error(because(index, frames), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function because(index: number, frames: unknown[]): string {
  return `LATCHKEY_FUZZ_SEED=${SEED}, conversation ${index}: ${JSON.stringify(frames).slice(0, 2_000)}`;
}

function handshake(dice: Dice): string {
  const right = ["Host: x", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  const lines = [...right, `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString("base64")}`];
  if (dice.chance(0.3)) lines.splice(dice.below(lines.length), 1);
  const odd = [
    "Sec-WebSocket-Key: x",
    "Sec-WebSocket-Version: 99",
    "Sec-WebSocket-Protocol: ,,",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
    "Sec-WebSocket-Extensions: =;=",
    "Upgrade: h2c",
    "Content-Length: 5",
  ];
  lines.push(...dice.some(1, () => dice.pick(odd)));
  const path = dice.pick([
    "/api/1.48.0/sync",
    "/api/1.48.0/sync",
    "/api/1.48.0/sync",
    "/api/sync",
    "/sync",
    "/%zz",
    "//",
  ]);
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

function rawFrame(dice: Dice): Buffer {
  const payload = randomBytes(dice.below(120));
  const mask = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
  const first = dice.pick([0x81, 0x82, 0x80, 0x01, 0x00, 0x83, 0x8b, 0xf1, 0xc1, 0x88, 0x89, 0x09, 0x8a]);
  return dice.pick([
    () => Buffer.concat([Buffer.from([first, 0x80 | payload.length]), mask, masked]),
    () => Buffer.concat([Buffer.from([first, payload.length]), payload]),
    () => Buffer.concat([Buffer.from([first, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), mask, masked]),
    () => Buffer.concat([Buffer.from([first, 0xfe, 0, 3]), mask, masked]),
    () => payload,
  ])();
}

/** Sends the bytes and nothing more, and resolves when the server has closed its side too. */
async function sendRaw(bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(backend.siteUrl).port), "127.0.0.1");
    socket
      .on("data", () => {})
      .on("error", () => socket.destroy())
      .on("close", () => resolve());
    socket.end(bytes);
  });
}
