// The load generator, run in a process of its own. One request at a time per connection over plain sockets: on a machine with two
// cores a full HTTP client would take more of them than the fastest server under test, and the floor would look lower than it is.

import { connect, type Socket } from "node:net";

export interface LoadOrder {
  readonly port: number;
  /** Whole HTTP requests, taken in turn. */
  readonly requests: readonly string[];
  readonly connections: number;
  /** Seconds of the same load before, which do not count: the generator's own code is slow until it is compiled. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** The status of every right answer. */
  readonly status: number;
  /** Text that every right answer holds in its body. */
  readonly expect: string;
}

export interface LoadResult {
  /** With those that do not count. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers without the expected status or text. */
  readonly wrong: number;
  readonly firstWrong?: string;
}

process.on("message", (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result));
});
process.once("disconnect", () => process.exit(0));

async function run(order: LoadOrder): Promise<LoadResult> {
  const latencies: number[] = [];
  let answers = 0;
  let wrong = 0;
  let firstWrong: string | undefined;
  let turn = 0;
  const requests = order.requests.map((text) => Buffer.from(text, "latin1"));
  const startedAt = performance.now() + order.warmUpSeconds * 1000;
  const endsAt = startedAt + order.seconds * 1000;

  const work = async (socket: Socket) => {
    while (performance.now() < endsAt) {
      const request = requests[turn++ % requests.length];
      if (request === undefined) return;
      const sentAt = performance.now();
      const answer = await exchange(socket, request);
      answers += 1;
      if (sentAt >= startedAt) latencies.push(performance.now() - sentAt);
      if (!answer.startsWith(`HTTP/1.1 ${order.status} `) || !answer.includes(order.expect)) {
        wrong += 1;
        firstWrong ??= answer.slice(0, 600);
      }
    }
    socket.destroy();
  };
  const sockets = await Promise.all(Array.from({ length: order.connections }, () => openSocket(order.port)));
  await Promise.all(sockets.map(work));

  const took = performance.now() - startedAt;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests: answers,
    requestsPerSecond: (latencies.length / took) * 1000,
    p50: at(0.5),
    p99: at(0.99),
    wrong,
    firstWrong,
  };
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

/** Sends one request and resolves with the whole answer as latin1 text. */
function exchange(socket: Socket, request: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const onData = (part: Buffer) => {
      answer += part.toString("latin1");
      if (!isWhole(answer)) return;
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve(answer);
    };
    const onClose = () => reject(new Error(`the server closed the connection after: ${answer.slice(0, 300)}`));
    socket.on("data", onData);
    socket.once("close", onClose);
    socket.write(request);
  });
}

function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf("\r\n\r\n");
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, headEnd));
  return length === null ? answer.endsWith("0\r\n\r\n") : answer.length >= headEnd + 4 + Number(length[1]);
}
