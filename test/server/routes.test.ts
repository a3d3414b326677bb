import { expect, test } from "vitest";
import { destinationOf, isSyncPath, pathOf } from "../../server/routes.ts";

test("the product's folders go to its HTTP actions, whole segments only", () => {
  for (const path of [
    "/api/auth/sign-in",
    "/api/v1/keys",
    "/api/v1",
    "/api/trpc/keys.list",
    "/api/run/a/b",
    "/api/health",
    "/openapi.json",
    "/.well-known/jwks.json",
  ]) {
    expect([path, destinationOf(path)]).toEqual([path, "site"]);
  }
  expect(destinationOf("/api/v10/keys")).toBe("api");
  expect(destinationOf("/openapi.json/x")).toBe("app");
});

test("what is left of /api goes to the functions API, everything else to the dashboard", () => {
  for (const path of ["/api/query", "/api/1.48.0/sync", "/api", "/version"])
    expect([path, destinationOf(path)]).toEqual([path, "api"]);
  for (const path of ["/", "/docs", "/apis", "/o/acme/keys", "/versions"])
    expect([path, destinationOf(path)]).toEqual([path, "app"]);
});

test("a socket opens on the sync path of any client version and nowhere else", () => {
  expect(isSyncPath("/api/1.48.0/sync")).toBe(true);
  for (const path of ["/api/sync", "/api/1.48.0/sync/x", "/sync", "/api/a/b/sync"])
    expect([path, isSyncPath(path)]).toEqual([path, false]);
});

test("the path of a request ends before its query", () => {
  expect(pathOf("/api/v1/keys?q=/x")).toBe("/api/v1/keys");
  expect(pathOf("/")).toBe("/");
  expect(pathOf(undefined)).toBe("/");
});
