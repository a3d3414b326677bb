import { decodeArgs } from "../http/call-body.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { decodeTimestamp } from "../access/wire-timestamp.ts";

/** Everything a client may say, in the words of the Convex sync protocol. */
export type ClientMessage = Connect | Authenticate | ModifyQuerySet | MutationRequest | ActionRequest | ClientEvent;

export interface Connect {
  readonly type: "Connect";
  readonly sessionId: string;
  /** Microseconds, or null on a client's first connection. */
  readonly maxObservedTimestamp: number | null;
  /** The client's clock, in milliseconds. */
  readonly clientTs: number | null;
}

export interface Authenticate {
  readonly type: "Authenticate";
  readonly baseVersion: number;
  readonly credential:
    | { readonly type: "None" }
    | { readonly type: "User"; readonly token: string }
    | { readonly type: "Admin"; readonly key: string; readonly impersonating: JsonValue | null };
}

export interface ModifyQuerySet {
  readonly type: "ModifyQuerySet";
  readonly baseVersion: number;
  readonly newVersion: number;
  readonly modifications: readonly QuerySetModification[];
}

export type QuerySetModification =
  | {
      readonly type: "Add";
      readonly queryId: number;
      readonly path: string;
      readonly args: JsonValue;
      readonly journal: string | null;
      readonly componentPath: string | undefined;
    }
  | { readonly type: "Remove"; readonly queryId: number };

export interface MutationRequest {
  readonly type: "Mutation";
  readonly requestId: number;
  readonly path: string;
  readonly args: JsonValue;
  readonly componentPath: string | undefined;
}

export interface ActionRequest {
  readonly type: "Action";
  readonly requestId: number;
  readonly path: string;
  readonly args: JsonValue;
  readonly componentPath: string | undefined;
}

/** Telemetry of the client. */
export interface ClientEvent {
  readonly type: "Event";
}

/** The client broke the protocol; it must not go on. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/**
 * Reads one frame.
 *
 * @throws ProtocolError saying what is wrong with it.
 */
export function decodeClientMessage(text: string): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new ProtocolError("A frame is not JSON");
  }
  if (!isJsonObject(message)) throw new ProtocolError("A frame is no object");
  try {
    return decode(message);
  } catch (error) {
    throw error instanceof ProtocolError ? error : new ProtocolError(messageOf(error));
  }
}

function decode(message: JsonObject): ClientMessage {
  const { type } = message;
  switch (type) {
    case "Connect":
      return {
        type,
        sessionId: requireText(message, "sessionId"),
        maxObservedTimestamp: isAbsent(message["maxObservedTimestamp"])
          ? null
          : decodeTimestamp(requireText(message, "maxObservedTimestamp")),
        clientTs: typeof message["clientTs"] === "number" ? message["clientTs"] : null,
      };
    case "Authenticate":
      return { type, baseVersion: requireCount(message, "baseVersion"), credential: decodeCredential(message) };
    case "ModifyQuerySet": {
      const { modifications } = message;
      if (!Array.isArray(modifications)) throw new ProtocolError("modifications must be a list");
      return {
        type,
        baseVersion: requireCount(message, "baseVersion"),
        newVersion: requireCount(message, "newVersion"),
        modifications: modifications.map(decodeModification),
      };
    }
    case "Mutation":
    case "Action":
      return {
        type,
        requestId: requireCount(message, "requestId"),
        path: requireText(message, "udfPath"),
        args: decodeArgs(message["args"]),
        componentPath: findText(message, "componentPath"),
      };
    case "Event":
      return { type };
    default:
      throw new ProtocolError(`Unknown message type ${JSON.stringify(type)}`);
  }
}

function decodeCredential(message: JsonObject): Authenticate["credential"] {
  const { tokenType } = message;
  switch (tokenType) {
    case "None":
      return { type: tokenType };
    case "User":
      return { type: tokenType, token: requireText(message, "value") };
    case "Admin":
      return { type: tokenType, key: requireText(message, "value"), impersonating: message["impersonating"] ?? null };
    default:
      throw new ProtocolError(`Unknown token type ${JSON.stringify(tokenType)}`);
  }
}

function decodeModification(modification: JsonValue): QuerySetModification {
  if (!isJsonObject(modification)) throw new ProtocolError("A modification is no object");
  const { type } = modification;
  const queryId = requireCount(modification, "queryId");
  switch (type) {
    case "Add":
      return {
        type,
        queryId,
        path: requireText(modification, "udfPath"),
        args: decodeArgs(modification["args"]),
        journal: findText(modification, "journal") ?? null,
        componentPath: findText(modification, "componentPath"),
      };
    case "Remove":
      return { type, queryId };
    default:
      throw new ProtocolError(`Unknown modification ${JSON.stringify(type)}`);
  }
}

function requireText(object: JsonObject, field: string): string {
  const value = object[field];
  if (typeof value !== "string") throw new ProtocolError(`${field} must be text`);
  return value;
}

function findText(object: JsonObject, field: string): string | undefined {
  return isAbsent(object[field]) ? undefined : requireText(object, field);
}

function requireCount(object: JsonObject, field: string): number {
  const value = object[field];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new ProtocolError(`${field} must be a whole number`);
  }
  return value;
}

function isAbsent(value: JsonValue | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
