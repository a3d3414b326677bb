import type { CallAnswer } from "../access/function-calls.ts";
import type { Timestamp } from "../database/database.ts";
import type { JsonValue } from "../values/json.ts";
import { encodeTimestamp } from "../access/wire-timestamp.ts";

/** How far a socket has been told. */
export interface StateVersion {
  readonly querySet: number;
  readonly identity: number;
  readonly ts: Timestamp;
}

export const INITIAL_VERSION: StateVersion = { querySet: 0, identity: 0, ts: 0 };

export const PING = '{"type":"Ping"}';

/** What the client's copy of one query becomes. Values are JSON text already and are never parsed here. */
export type QueryState =
  | {
      readonly ok: true;
      readonly value: string;
      readonly logLines: readonly string[];
      readonly journal: string | null;
    }
  | {
      readonly ok: false;
      readonly errorMessage: string;
      readonly errorData?: JsonValue;
      readonly logLines: readonly string[];
      readonly journal: string | null;
    };

export function queryModification(queryId: number, state: QueryState): string {
  const tail = `"logLines":${JSON.stringify(state.logLines)},"journal":${JSON.stringify(state.journal)}}`;
  if (state.ok) return `{"type":"QueryUpdated","queryId":${queryId},"value":${state.value},${tail}`;
  const data = state.errorData === undefined ? "" : `"errorData":${JSON.stringify(state.errorData)},`;
  const message = JSON.stringify(state.errorMessage);
  return `{"type":"QueryFailed","queryId":${queryId},"errorMessage":${message},${data}${tail}`;
}

export function queryRemoved(queryId: number): string {
  return `{"type":"QueryRemoved","queryId":${queryId}}`;
}

/** `clientClockSkewMs` is how far the client's clock is behind ours; it times its next token by it. */
export function transition(
  start: StateVersion,
  end: StateVersion,
  modifications: readonly string[],
  clientClockSkewMs: number | null,
): string {
  const skew = clientClockSkewMs === null ? "" : `,"clientClockSkew":${clientClockSkewMs}`;
  return (
    `{"type":"Transition","startVersion":${versionText(start)},"endVersion":${versionText(end)},` +
    `"modifications":[${modifications.join(",")}]${skew}}`
  );
}

export function mutationResponse(requestId: number, answer: CallAnswer): string {
  return response("MutationResponse", requestId, answer, answer.ok ? `,"ts":"${encodeTimestamp(answer.ts ?? 0)}"` : "");
}

export function actionResponse(requestId: number, answer: CallAnswer): string {
  return response("ActionResponse", requestId, answer, "");
}

export function authError(error: string, baseVersion: number, authUpdateAttempted: boolean): string {
  return JSON.stringify({ type: "AuthError", error, baseVersion, authUpdateAttempted });
}

export function fatalError(error: string): string {
  return JSON.stringify({ type: "FatalError", error });
}

/** Cuts a very large Transition's text into the frames that the client joins again; others stay whole. */
export function toFrames(text: string, transitionId: string, maxLength: number): string[] {
  if (text.length <= maxLength) return [text];
  const totalParts = Math.ceil(text.length / maxLength);
  return Array.from({ length: totalParts }, (_, partNumber) => {
    const chunk = text.slice(partNumber * maxLength, (partNumber + 1) * maxLength);
    return JSON.stringify({ type: "TransitionChunk", chunk, partNumber, totalParts, transitionId });
  });
}

function response(type: string, requestId: number, answer: CallAnswer, ts: string): string {
  const head = `{"type":"${type}","requestId":${requestId},"success":${answer.ok}`;
  const logLines = `"logLines":${JSON.stringify(answer.logLines)}`;
  if (answer.ok) return `${head},"result":${answer.value}${ts},${logLines}}`;
  const data = answer.errorData === undefined ? "" : `,"errorData":${JSON.stringify(answer.errorData)}`;
  return `${head},"result":${JSON.stringify(answer.errorMessage)}${data},${logLines}}`;
}

function versionText(version: StateVersion): string {
  return `{"querySet":${version.querySet},"identity":${version.identity},"ts":"${encodeTimestamp(version.ts)}"}`;
}
