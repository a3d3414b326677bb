import { randomUUID } from "node:crypto";

/** 16 hex digits that tie an error shown to a client to the server's log line about it. */
export function createRequestId(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(24, 28);
}
