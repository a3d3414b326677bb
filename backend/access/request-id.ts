import { randomBytes } from "node:crypto";

const process = randomBytes(4).toString("hex");
let last = 0;

/**
 * 16 hex digits that tie an error shown to a client to the server's log line about it. They name the process by chance and count its
 * requests: no secret, and a tenth of the cost of chance for each.
 */
export function createRequestId(): string {
  last = (last + 1) >>> 0;
  return process + last.toString(16).padStart(8, "0");
}
