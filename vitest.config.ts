import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
