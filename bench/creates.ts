import { runInChild } from "./child-process.ts";
import type { LatchkeyOwner, ServerReady } from "./child-server.ts";
import type { LoadOrder, LoadResult } from "./load-client.ts";
import { httpPost, requireRight } from "./verify.ts";

const CONNECTIONS = 32;
// More than any machine makes in the time; every name can be taken once.
const NAMES = 50_000;

/** Creates service keys over the public API: each answer means that the key, its secret and its audit entry are on the disk. */
export async function measureCreates(ready: ServerReady, owner: LatchkeyOwner, seconds: number): Promise<LoadResult> {
  const headers = { "x-api-key": owner.key };
  const requests = Array.from({ length: NAMES }, (_nothing, index) =>
    httpPost("/api/v1/keys", headers, { name: `created ${index}`, permissions: ["orders:read"] }),
  );
  const order: LoadOrder = {
    port: ready.port,
    requests,
    connections: CONNECTIONS,
    seconds,
    status: 201,
    expect: '"key":"lk_live_',
  };
  return requireRight("creating keys", await runInChild<LoadResult>("./load-client.ts", order));
}
