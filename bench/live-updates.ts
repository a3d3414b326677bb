import { runInChild } from "./child-process.ts";
import type { LatchkeyOwner, ServerReady } from "./child-server.ts";
import type { LiveOrder, LiveResult } from "./live-client.ts";

export interface LiveFigures extends LiveResult {
  readonly subscribers: number;
}

/**
 * Pauses and resumes one key over the public API while `subscribers` sockets watch the list it is on, and measures from sending the
 * change until the first and the last of them have the new list.
 */
export async function measureLiveUpdates(
  ready: ServerReady,
  owner: LatchkeyOwner,
  subscribers: number,
  seconds: number,
): Promise<LiveFigures> {
  const url = `http://localhost:${ready.port}`;
  const answer = await fetch(`${url}/api/auth/token`, { headers: { cookie: owner.cookie, origin: url } });
  const { token } = await answer.json();
  const made = await fetch(`${url}/api/v1/keys`, {
    method: "POST",
    headers: { "x-api-key": owner.key, "content-type": "application/json" },
    body: JSON.stringify({ name: `watched by ${subscribers}`, permissions: ["orders:read"] }),
  });
  const { id } = await made.json();
  const order: LiveOrder = {
    url,
    token,
    organizationId: owner.organizationId,
    changes: [`/api/v1/keys/${id}/disable`, `/api/v1/keys/${id}/enable`],
    headers: { "x-api-key": owner.key, "content-type": "application/json" },
    subscribers,
    seconds,
  };
  const result = await runInChild<LiveResult>("./live-client.ts", order);
  return { ...result, subscribers };
}
