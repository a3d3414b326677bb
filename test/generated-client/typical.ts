// What somebody writes who has generated a client for TypeScript from /openapi.json. The test copies it beside what was generated.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };
const [, , baseUrl = "", key = ""] = process.argv;

type KeyRecord = components["schemas"]["KeyRecord"];
type ErrorCode = components["schemas"]["Problem"]["code"];

const client = createClient<paths>({
  baseUrl,
  headers: { "X-Api-Key": key },
  querySerializer: { array: { style: "form", explode: false } },
});

async function createWorker(name: string): Promise<{ id: string; key: string }> {
  const { data, error } = await client.POST("/api/v1/keys", {
    body: { name, ownerKind: "service", permissions: ["orders:read"], rateLimit: { limit: 10, windowMs: 60_000 } },
  });
  if (error) throw new Error(`${error.code}: ${error.detail}`);
  if (!("key" in data)) throw new Error("a repeated request has no plaintext");
  return { id: data.id, key: data.key };
}

async function listWorkers(): Promise<KeyRecord[]> {
  const workers: KeyRecord[] = [];
  let cursor: string | undefined;
  do {
    const query = {
      status: ["active" as const, "expiring" as const],
      limit: 1,
      ...(cursor !== undefined && { cursor }),
    };
    const { data, error } = await client.GET("/api/v1/keys", { params: { query } });
    if (error) throw new Error(error.detail);
    workers.push(...data.items.filter(({ ownerKind }) => ownerKind === "service"));
    cursor = data.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return workers;
}

async function verdictOn(worker: string): Promise<string> {
  const { data, error } = await client.POST("/api/v1/keys/verify", {
    body: { key: worker, permission: "orders:read" },
  });
  if (error) throw new Error(error.detail);
  return data.valid ? `${data.code} for ${data.permissions.join()}` : data.code;
}

async function refusalOf(keyId: string): Promise<ErrorCode> {
  const { error } = await client.GET("/api/v1/keys/{keyId}", { params: { path: { keyId } } });
  if (error === undefined) throw new Error("it is there");
  return error.code;
}

const first = await createWorker("first");
const second = await createWorker("second");
const names = (await listWorkers()).map(({ name }) => name);
const before = await verdictOn(first.key);
await client.POST("/api/v1/keys/{keyId}/revoke", {
  params: { path: { keyId: first.id } },
  body: { reason: "typical" },
});
const after = await verdictOn(first.key);
const { response } = await client.DELETE("/api/v1/keys/{keyId}", { params: { path: { keyId: first.id } } });
console.log(
  JSON.stringify({
    names,
    before,
    after,
    other: await verdictOn(second.key),
    deleted: response.status,
    gone: await refusalOf(first.id),
  }),
);
