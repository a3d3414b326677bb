import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { NODE_FLAGS } from "./test/helpers/node-flags.ts";

// By itself vitest leaves one processor to others, which on a machine of two is half of it.
const maxWorkers = Math.max(2, availableParallelism() - 1);
const shared = { pool: "forks", execArgv: NODE_FLAGS, maxWorkers, testTimeout: 30_000, hookTimeout: 120_000 } as const;

const PUSHED_TEMPLATE = ["test/helpers/template-setup.ts"];
const BUILT_DASHBOARD = ["test/helpers/dashboard-setup.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/{convex,gateway,app,flows}/**", "test/backend/clients/**"],
        },
      },
      { test: { ...shared, name: "conformance", include: ["test/backend/clients/**/*.test.ts"] } },
      { test: { ...shared, name: "functions", include: ["test/convex/**/*.test.ts"], globalSetup: PUSHED_TEMPLATE } },
      {
        test: {
          ...shared,
          name: "gateway",
          include: ["test/gateway/**/*.test.ts"],
          globalSetup: PUSHED_TEMPLATE,
          // The functions below are tested on both engines; CONTRIBUTING says how to run these on both, too.
          env: { LATCHKEY_TEST_ENGINES: process.env.LATCHKEY_TEST_ENGINES ?? "embedded" },
        },
      },
      { test: { ...shared, name: "app", include: ["test/app/**/*.test.{ts,tsx}"], globalSetup: BUILT_DASHBOARD } },
      {
        test: {
          ...shared,
          name: "flows",
          include: ["test/flows/**/*.test.ts"],
          globalSetup: BUILT_DASHBOARD,
          testTimeout: 120_000,
        },
      },
    ],
  },
});
