// Every line marked as wrong is a mistake that TypeScript has to find.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

type NewKey = paths["/api/v1/keys"]["post"]["requestBody"]["content"]["application/json"];

const client = createClient<paths>({ baseUrl: "" });

export const colourful: NewKey = { name: "x", colour: "red" }; // wrong
await client.POST("/api/v1/keys", { body: { name: 7 } }); // wrong
await client.POST("/api/v1/keys", { body: { permissions: ["orders:read"] } }); // wrong
await client.POST("/api/v1/keys", { body: { name: "x", env: "staging" } }); // wrong
await client.POST("/api/v1/keys"); // wrong
await client.PUT("/api/v1/keys", { body: { name: "x" } }); // wrong
await client.GET("/api/v1/keys/{keyId}"); // wrong
await client.GET("/api/v1/keys/{keyId}", { params: { path: { id: "x" } } }); // wrong
await client.GET("/api/v1/keys", { params: { query: { limit: "ten" } } }); // wrong
await client.GET("/api/v1/tokens"); // wrong
export const secret = (await client.GET("/api/v1/whoami")).data?.secret; // wrong
export const known = (await client.GET("/api/v1/whoami")).error?.code === "NO_SUCH_CODE"; // wrong
