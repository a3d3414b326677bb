// The floor: what verifying a key by HTTP costs when there is nothing but HTTP, JSON, one hash and one look into a map.

import { createServer, type ServerResponse } from "node:http";
import { announce } from "../child-server.ts";
import { httpGet, httpPost } from "../http-text.ts";
import { CHECKED_QUESTION, SAMPLE, SPREAD } from "../scenarios.ts";
import { hashOf, randomKeys, sampleOf } from "../seed-keys.ts";

const keys = randomKeys(Number(process.argv[2]), "lk_");
const records = new Map(keys.map((key, index) => [hashOf(key), { valid: true, code: "VALID", keyId: `key_${index}` }]));

const server = createServer((request, response) => {
  const shown = request.headers["x-api-key"];
  if (typeof shown === "string") {
    answer(response, shown);
    return;
  }
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { key } = JSON.parse(Buffer.concat(parts).toString());
    answer(response, key);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  const valid = { status: 200, expect: '"valid":true' };
  const verify = { ...valid, requests: asking(SAMPLE, {}) };
  const checked = { ...valid, requests: asking(SAMPLE, CHECKED_QUESTION) };
  const spread = { ...valid, requests: asking(SPREAD, CHECKED_QUESTION) };
  const whoami = {
    ...valid,
    requests: sampleOf(keys, SAMPLE).map((key) => httpGet("/whoami", { "x-api-key": key })),
  };
  announce({ port: address.port, scenarios: { verify: checked, limited: verify, spread, whoami } });
});

function answer(response: ServerResponse, key: string): void {
  const body = JSON.stringify(records.get(hashOf(key)) ?? { valid: false, code: "NOT_FOUND" });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function asking(count: number, question: object): string[] {
  return sampleOf(keys, count).map((key) => httpPost("/verify", {}, { key, ...question }));
}
