import { expect, test } from "vitest";
import { findRemoteDeployment } from "../../server/remote-deployment.ts";

test("an environment without Convex variables means the embedded backend", () => {
  expect(findRemoteDeployment({})).toBeNull();
  expect(findRemoteDeployment({ CONVEX_SELF_HOSTED_URL: "", CONVEX_DEPLOY_KEY: "" })).toBeNull();
});

test("a self-hosted deployment is named by its URL and admin key together", () => {
  const found = findRemoteDeployment({
    CONVEX_SELF_HOSTED_URL: "http://10.0.0.5:3210",
    CONVEX_SELF_HOSTED_ADMIN_KEY: "self|1",
  });
  expect(found).toMatchObject({
    adminKey: "self|1",
    cliEnvironment: { CONVEX_SELF_HOSTED_URL: "http://10.0.0.5:3210" },
  });
  expect(found?.cloudUrl.href).toBe("http://10.0.0.5:3210/");
  expect(() => findRemoteDeployment({ CONVEX_SELF_HOSTED_URL: "http://x" })).toThrow("without its partner");
  expect(() => findRemoteDeployment({ CONVEX_SELF_HOSTED_ADMIN_KEY: "x" })).toThrow("without its partner");
});

test("a deploy key of Convex Cloud names its deployment; CONVEX_URL overrides where it is", () => {
  expect(findRemoteDeployment({ CONVEX_DEPLOY_KEY: "prod:calm-owl-123|abc" })?.cloudUrl.href).toBe(
    "https://calm-owl-123.convex.cloud/",
  );
  const custom = findRemoteDeployment({
    CONVEX_DEPLOY_KEY: "prod:calm-owl-123|abc",
    CONVEX_URL: "https://api.example.com",
  });
  expect(custom?.cloudUrl.href).toBe("https://api.example.com/");
});

test("a key without a deployment and a URL that is none are refused", () => {
  expect(() => findRemoteDeployment({ CONVEX_DEPLOY_KEY: "nonsense" })).toThrow("names no deployment");
  expect(() => findRemoteDeployment({ CONVEX_SELF_HOSTED_URL: "ftp://x", CONVEX_SELF_HOSTED_ADMIN_KEY: "x" })).toThrow(
    "is not a URL",
  );
});
