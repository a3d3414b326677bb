import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { AdminGate } from "../access/admin-key.ts";
import type { Limits } from "../config.ts";
import { Outbox } from "./outbox.ts";
import { decodeClientMessage, ProtocolError } from "./protocol.ts";
import { PING } from "./server-message.ts";
import { CLOSE, Session } from "./session.ts";
import { sweepResults } from "./session-requests.ts";
import type { SyncContext } from "./sync-context.ts";

const SYNC_PATH = /^\/api\/(?:[^/]+\/)?sync$/;
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
// Clients reconnect after a minute of silence.
const PING_INTERVAL_MS = 10_000;
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;
const MAX_WAITING_FRAMES = 256;
const CLOSE_GRACE_MS = 2_000;

/** Accepts sync sockets and keeps them alive. */
export class SyncServer implements AsyncDisposable {
  readonly #context: SyncContext;
  readonly #limits: Limits;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  /** Sockets, each with whether it has answered since the last ping. */
  readonly #alive = new Map<WebSocket, boolean>();
  readonly #pinging: NodeJS.Timeout;
  readonly #sweeping: NodeJS.Timeout;

  constructor(context: SyncContext, limits: Limits) {
    this.#context = context;
    this.#limits = limits;
    this.#pinging = setInterval(() => this.#pingAll(), PING_INTERVAL_MS).unref();
    this.#sweeping = setInterval(() => void this.#sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /** Takes over an upgrade of `/api/<client version>/sync`; refuses any other with 404. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer, adminGate: AdminGate): void {
    const path = (req.url ?? "").split("?", 1)[0] ?? "";
    if (!SYNC_PATH.test(path)) {
      socket.once("error", () => socket.destroy());
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(req, socket, head, (webSocket) => this.#accept(webSocket, adminGate));
  }

  /** Tells every client to come back later, which they do by themselves, and waits for running mutations. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pinging);
    clearInterval(this.#sweeping);
    const sockets = [...this.#alive.keys()];
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of sockets) socket.close(CLOSE.goingAway, "Server is shutting down");
    await this.#context.mutations.drained();
    const grace = setTimeout(() => {
      for (const socket of this.#alive.keys()) socket.terminate();
    }, CLOSE_GRACE_MS);
    await Promise.all(closed);
    clearTimeout(grace);
    this.#server.close();
  }

  #accept(socket: WebSocket, adminGate: AdminGate): void {
    const outbox = new Outbox(socket, {
      maxBacklogBytes: this.#limits.socketBacklogBytes,
      onOverflow: () => socket.terminate(),
    });
    const context = { ...this.#context, adminKey: adminGate };
    const session = new Session(context, outbox, (code, reason) => socket.close(code, reason));
    this.#alive.set(socket, true);
    socket.on("message", (data, isBinary) => {
      this.#alive.set(socket, true);
      if (receive(session, data, isBinary) > MAX_WAITING_FRAMES) holdBack(socket);
    });
    socket.on("pong", () => this.#alive.set(socket, true));
    socket.on("close", () => {
      this.#alive.delete(socket);
      session.close();
    });
    // A broken connection or frame; `close` follows.
    socket.on("error", () => socket.terminate());
  }

  #pingAll(): void {
    for (const [socket, isAlive] of this.#alive) {
      if (!isAlive) {
        socket.terminate();
        continue;
      }
      this.#alive.set(socket, false);
      socket.ping();
      if (socket.readyState === socket.OPEN) socket.send(PING);
    }
  }

  async #sweep(): Promise<void> {
    try {
      while (sweepResults(this.#context.database, Date.now()) > 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      // A conflict with a mutation being noted; the next hour's sweep takes the rest.
      this.#context.log({ level: "info", message: "Sweep of old session requests stopped", error });
    }
  }
}

function receive(session: Session, data: RawData, isBinary: boolean): number {
  try {
    if (isBinary || !Buffer.isBuffer(data)) throw new ProtocolError("Frames must be text");
    return session.receive(decodeClientMessage(data.toString("utf8")));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    session.refuse(error);
    return 0;
  }
}

/** Stops reading for a moment, so that a client that sends faster than we work waits in its own buffers. */
function holdBack(socket: WebSocket): void {
  if (socket.isPaused) return;
  socket.pause();
  setTimeout(() => socket.resume(), 20);
}
