import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { OperatorError, systemErrorCode } from "./operator-error.ts";
import { answerUnparsed } from "./unreadable-requests.ts";
import { sendProblem } from "./upstream.ts";

export interface ListenerHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Listener {
  readonly server: Server;
  readonly port: number;
  /** Takes no new connections and resolves when every request under way is answered, or after `patienceMs`. */
  drain(patienceMs: number): Promise<void>;
  /** Ends whatever is still connected and gives the port back. */
  close(): Promise<void>;
}

/**
 * Listens on exactly this host and port (0 takes any free one). Throws an OperatorError when the port is taken or may not be used:
 * starting on another one would leave the person who typed the address in front of somebody else's program.
 */
export async function openListener(host: string, port: number, handlers: ListenerHandlers): Promise<Listener> {
  // Duplicates are joined, or Node would keep the first of two Authorization headers and nobody would see the other.
  // A missing Host is refused with the rest of what cannot be read; node's own refusal would be an empty one.
  const server = createServer({
    keepAliveTimeout: 65_000,
    requestTimeout: 120_000,
    joinDuplicateHeaders: true,
    requireHostHeader: false,
    // Anything else that is offered, such as HTTP/2 without TLS, may be passed over, and the request is served as it is.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  });
  /** The responses of each connection that are not finished, in the order of their requests. */
  const answering = new WeakMap<Duplex, Set<ServerResponse>>();
  const sockets = new Set<Duplex>();
  let busy = 0;
  let onIdle: (() => void) | undefined;

  server.on("connection", (socket) => {
    // Asked now, the address stays known; after a reset nobody could tell any more whose request it was.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    answering.set(socket, new Set());
  });
  server.on("request", (request, response) => {
    const open = answering.get(request.socket);
    busy += 1;
    open?.add(response);
    response.once("close", () => {
      open?.delete(response);
      busy -= 1;
      if (busy === 0) onIdle?.();
    });
    handlers.request(request, response);
  });
  server.on("clientError", (error, socket) => {
    const open = answering.get(socket);
    // Once is enough: what still arrives on this connection is no more readable.
    if (answering.delete(socket)) answerUnparsed(error, socket, [...(open ?? [])]);
  });
  server.on("checkExpectation", (_request, response) => {
    sendProblem(response, 417, "MALFORMED_REQUEST", "Of Expect, only 100-continue is understood here.");
  });
  server.on("upgrade", (request, socket, head) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Without a listener a connection reset would end the process.
    socket.on("error", () => socket.destroy());
    handlers.upgrade(request, socket, head);
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explainListenError(error, host, port)));
    server.listen(port, host, resolve);
  });

  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    server,
    port: addressOf(server).port,
    async drain(patienceMs) {
      server.close();
      server.closeIdleConnections();
      if (busy === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      const timer = setTimeout(resolve, patienceMs);
      await promise;
      clearTimeout(timer);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on no TCP port");
  return address;
}

function explainListenError(error: Error, host: string, port: number): Error {
  switch (systemErrorCode(error) ?? "") {
    case "EADDRINUSE":
      return new OperatorError(
        `port ${port} is already in use`,
        `choose another one: npm start -- --port ${port + 1}`,
        {
          cause: error,
        },
      );
    case "EACCES":
      return new OperatorError(
        `port ${port} may not be used by this user`,
        "choose one above 1023, for example: npm start -- --port 3000",
        { cause: error },
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new OperatorError(
        `this machine has no address ${host}`,
        "--host takes an address of this machine; 0.0.0.0 means all of them",
        { cause: error },
      );
    default:
      return error;
  }
}
