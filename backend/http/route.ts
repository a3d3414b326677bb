import type { IncomingMessage, ServerResponse } from "node:http";

export interface ApiRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly url: URL;
}

/** Answers one request; what it throws becomes a JSON error. */
export type RouteHandler = (request: ApiRequest) => Promise<void> | void;

/** Keyed by method and path, as in `POST /api/query`. */
export type RouteTable = ReadonlyMap<string, RouteHandler>;
