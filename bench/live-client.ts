// Subscribers and the one who changes something, in one process so that they share a clock. Plain sockets that speak as much of the
// Convex sync protocol as it takes, because 500 full clients would measure themselves.

import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";

export interface LiveOrder {
  readonly url: string;
  /** The dashboard's token, with which the subscribers authenticate. */
  readonly token: string;
  readonly organizationId: string;
  /** Paths to POST in turn, each of which changes what the subscribers see. */
  readonly changes: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly subscribers: number;
  readonly seconds: number;
}

export interface LiveResult {
  readonly changes: number;
  /** Milliseconds from sending the change until the first subscriber had the new list. */
  readonly first: { readonly p50: number; readonly p99: number };
  /** The same until the last one had it. */
  readonly last: { readonly p50: number; readonly p99: number };
  /** The same until the one who made it had the answer. */
  readonly answer: { readonly p50: number; readonly p99: number };
}

process.on("message", (order: LiveOrder) => {
  void run(order).then((result) => process.send?.(result));
});
process.once("disconnect", () => process.exit(0));

async function run(order: LiveOrder): Promise<LiveResult> {
  let onUpdate: (() => void) | undefined;
  const sockets: WebSocket[] = [];
  for (let index = 0; index < order.subscribers; index += 1) sockets.push(await subscribe(order, () => onUpdate?.()));

  const [first, last, answer]: number[][] = [[], [], []];
  const endsAt = performance.now() + order.seconds * 1000;
  for (let turn = 0; performance.now() < endsAt || turn < 5; turn += 1) {
    const seen: number[] = [];
    const { promise: allSeen, resolve } = Promise.withResolvers<void>();
    onUpdate = () => seen.push(performance.now()) === order.subscribers && resolve();
    const startedAt = performance.now();
    const path = order.changes[turn % order.changes.length];
    const response = await fetch(`${order.url}${path}`, { method: "POST", headers: order.headers, body: "{}" });
    const answeredAt = performance.now();
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answers ${response.status}: ${text}`);
    await allSeen;
    first?.push((seen[0] ?? 0) - startedAt);
    last?.push((seen.at(-1) ?? 0) - startedAt);
    answer?.push(answeredAt - startedAt);
  }
  for (const socket of sockets) socket.terminate();
  return { changes: first?.length ?? 0, first: spread(first), last: spread(last), answer: spread(answer) };
}

/** Opens one subscription to the list of keys; resolves when the first result is there, and calls `onUpdate` for each later one. */
async function subscribe(order: LiveOrder, onUpdate: () => void): Promise<WebSocket> {
  const socket = new WebSocket(`${order.url.replace("http", "ws")}/api/1.48.0/sync`);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const { promise: subscribed, resolve, reject } = Promise.withResolvers<void>();
  let results = 0;
  socket.on("message", (data: Buffer) => {
    if (data.includes('"QueryFailed"') || data.includes('"AuthError"') || data.includes('"FatalError"')) {
      reject(new Error(`the subscription fails: ${data.toString().slice(0, 400)}`));
    }
    if (!data.includes('"QueryUpdated"')) return;
    results += 1;
    if (results === 1) resolve();
    else onUpdate();
  });
  const args = {
    organizationId: order.organizationId,
    includeDead: false,
    paginationOpts: { numItems: 50, cursor: null },
  };
  for (const message of [
    {
      type: "Connect",
      sessionId: randomUUID(),
      connectionCount: 0,
      lastCloseReason: "InitialConnect",
      clientTs: Date.now(),
    },
    { type: "Authenticate", baseVersion: 0, tokenType: "User", value: order.token },
    {
      type: "ModifyQuerySet",
      baseVersion: 0,
      newVersion: 1,
      modifications: [{ type: "Add", queryId: 0, udfPath: "keys:list", args: [args] }],
    },
  ]) {
    socket.send(JSON.stringify(message));
  }
  await subscribed;
  return socket;
}

function spread(milliseconds: readonly number[] = []): { p50: number; p99: number } {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
