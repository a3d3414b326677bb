import type { IncomingMessage, ServerResponse } from "node:http";
import type { FunctionRunner, HttpCaller } from "../functions/calls.ts";
import type { Identity } from "../values/identity.ts";
import { createRequestId } from "../access/request-id.ts";
import type { BackendLogEntry } from "../config.ts";
import type { BodyFailure } from "../web/incoming-body.ts";
import { IncomingRequest, type IncomingRequestOptions } from "../web/incoming-request.ts";
import { writeResponse } from "./write-response.ts";

export interface HttpActionsOptions extends IncomingRequestOptions {
  readonly runner: Pick<FunctionRunner, "runHttpAction">;
  /** The identity behind a JWT, or null when it is not one of ours: HTTP actions may use the header for their own. */
  readonly identify: (jwt: string) => Promise<Identity | null>;
  readonly log: (entry: BackendLogEntry) => void;
}

const BODY_FAILURE_STATUS = { "too large": 413, "too slow": 408, "cut off": 400 } as const;
const BODY_FAILURE_CODE = { "too large": "BodyTooLarge", "too slow": "BodyTimeout", "cut off": "BodyCutOff" } as const;

/** Serves every path and method by the deployment's HTTP actions: the product's hottest path. */
export class HttpActions {
  readonly #options: HttpActionsOptions;
  /** Answers being made, so that closing can wait for them. */
  #running = 0;
  #onIdle: (() => void)[] = [];
  #arrived: [IncomingMessage, ServerResponse][] = [];

  constructor(options: HttpActionsOptions) {
    this.#options = options;
  }

  /**
   * Takes a request, to be answered together with the others that arrive in this turn of the event loop. Their steps then
   * alternate, so that the code of a step is run for all of them while it is in the processor's cache. One after the other,
   * each would load the code of all steps anew, which takes longer than running it. A request alone waits for nothing.
   */
  readonly handle = (req: IncomingMessage, res: ServerResponse): void => {
    this.#running += 1;
    if (this.#arrived.length === 0) setImmediate(this.#answerArrived);
    this.#arrived.push([req, res]);
  };

  readonly #answerArrived = (): void => {
    for (const [req, res] of this.#arrived.splice(0)) void this.#answer(req, res);
  };

  /** Resolves when no answer is being made any more. */
  async drained(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const request = new IncomingRequest(req, res, this.#options);
    const requestId = createRequestId();
    try {
      const response = await this.#run(req, request, requestId);
      // The function stumbled over a body that never arrived whole, which is the client's doing.
      if (request.bodyFailure !== null && response.status >= 500) refuseBody(res, request.bodyFailure);
      else await writeResponse(response, res, req.method === "HEAD");
    } catch (error) {
      if (res.headersSent) res.destroy();
      else if (request.bodyFailure !== null) {
        refuseBody(res, request.bodyFailure);
        return;
      } else refuse(res, 500, "InternalServerError", `[Request ID: ${requestId}] Server Error`);
      this.#options.log({ level: "error", message: "HTTP action failed", error, requestId });
    } finally {
      this.#running -= 1;
      if (this.#running === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
    }
  }

  #run(req: IncomingMessage, request: IncomingRequest, requestId: string): Promise<Response> {
    try {
      void request.url;
    } catch {
      const body = { code: "BadRequest", message: "The request's host or path is invalid" };
      return Promise.resolve(Response.json(body, { status: 400 }));
    }
    const client = { ip: req.socket.remoteAddress ?? null, userAgent: req.headers["user-agent"] ?? null };
    const run = (identity: HttpCaller["identity"]): Promise<Response> =>
      this.#options.runner.runHttpAction(request, { identity, requestId, client });
    const { authorization } = req.headers;
    return authorization === undefined ? run(null) : this.#identityOf(authorization).then(run);
  }

  async #identityOf(authorization: string): Promise<Identity | null> {
    const jwt = /^Bearer +(ey[\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
    return jwt === undefined ? null : this.#options.identify(jwt);
  }
}

function refuseBody(res: ServerResponse, failure: BodyFailure): void {
  // What is left of the body was not read, so the connection cannot carry another request.
  res.setHeader("connection", "close");
  refuse(res, BODY_FAILURE_STATUS[failure], BODY_FAILURE_CODE[failure], `The request body was ${failure}`);
}

function refuse(res: ServerResponse, status: number, code: string, message: string): void {
  const body = JSON.stringify({ code, message });
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  res.end(body);
}
