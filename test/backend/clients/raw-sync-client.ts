import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";
import { isJsonObject, type JsonObject, type JsonValue } from "#backend/values/json.ts";

/** A sync socket without a client's manners: says exactly what the test says, keeps everything it hears. */
export class RawSyncClient implements Disposable {
  readonly socket: WebSocket;
  readonly received: JsonObject[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  #listeners = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const message: unknown = JSON.parse(data.toString("utf8"));
      if (!isJsonObject(message)) throw new Error("a frame is no object");
      this.received.push(message);
      this.#changed();
    });
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#changed();
    });
  }

  static async connect(url: string, connect: JsonObject | null = {}): Promise<RawSyncClient> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/1.48.0/sync`);
    const client = new RawSyncClient(socket);
    await once(socket, "open");
    if (connect !== null) {
      const sessionId = randomUUID();
      client.send({ type: "Connect", sessionId, connectionCount: 0, lastCloseReason: null, clientTs: 0, ...connect });
    }
    return client;
  }

  send(message: JsonObject): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Subscribes to one query as the `version`-th change of the query set. */
  add(version: number, queryId: number, udfPath: string, args: JsonValue = {}, extra: JsonObject = {}): void {
    this.send({
      type: "ModifyQuerySet",
      baseVersion: version - 1,
      newVersion: version,
      modifications: [{ type: "Add", queryId, udfPath, args: [args], ...extra }],
    });
  }

  mutate(requestId: number, udfPath: string, args: JsonValue = {}): void {
    this.send({ type: "Mutation", requestId, udfPath, args: [args] });
  }

  /** The first frame, heard already or to come, that `matches`; fails when the socket closes without one. */
  async until(matches: (message: JsonObject) => boolean): Promise<JsonObject> {
    for (;;) {
      const found = this.received.find(matches);
      if (found !== undefined) return found;
      if (this.closed !== null) throw new Error(`closed with ${JSON.stringify(this.closed)}`);
      await this.#change();
    }
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    while (this.closed === null) await this.#change();
    return this.closed;
  }

  /** The latest value told for a query; undefined before the first. */
  valueOf(queryId: number): JsonValue | undefined {
    return this.modifications().findLast((modification) => modification["queryId"] === queryId)?.["value"];
  }

  async untilValue(queryId: number, matches: (value: JsonValue | undefined) => boolean): Promise<void> {
    while (!matches(this.valueOf(queryId))) {
      if (this.closed !== null) throw new Error(`closed with ${JSON.stringify(this.closed)}`);
      await this.#change();
    }
  }

  ofType(type: string): JsonObject[] {
    return this.received.filter((message) => message["type"] === type);
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }

  /** Everything told about queries so far, transition after transition. */
  modifications(): JsonObject[] {
    return this.ofType("Transition").flatMap(modificationsOf);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#listeners.add(resolve);
    });
  }

  #changed(): void {
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener();
  }
}

export function modificationsOf({ modifications }: JsonObject): JsonObject[] {
  return Array.isArray(modifications) ? modifications.filter(isJsonObject) : [];
}

/** A sync timestamp as a number that can be compared. */
export function timestampOf(text: JsonValue | undefined): bigint {
  if (typeof text !== "string") throw new Error("no timestamp");
  return Buffer.from(text, "base64").readBigUInt64LE();
}
