// The floor: what verifying a key by HTTP costs when there is nothing but HTTP, JSON, one hash and one look into a map.

import { createServer } from "node:http";
import { announce } from "../child-server.ts";
import { hashOf, randomKeys, sampleOf } from "../seed-keys.ts";

const keys = randomKeys(Number(process.argv[2]), "lk_");
const records = new Map(keys.map((key, index) => [hashOf(key), { valid: true, code: "VALID", keyId: `key_${index}` }]));

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { key } = JSON.parse(Buffer.concat(parts).toString());
    const body = JSON.stringify(records.get(hashOf(key)) ?? { valid: false, code: "NOT_FOUND" });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  announce({ port: address.port, path: "/verify", headers: {}, keys: sampleOf(keys, 1000) });
});
