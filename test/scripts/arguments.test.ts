import { afterEach, expect, test, vi } from "vitest";
import { generateKey } from "../../convex/shared/keyFormat.ts";
import { parseOptions } from "../../scripts/lib/arguments.ts";
import { OperatorError } from "../../server/operator-error.ts";

const { key } = generateKey({ prefix: "lk", env: "live" });

afterEach(() => vi.restoreAllMocks());

function errorOf(...given: string[]): OperatorError | null {
  vi.spyOn(process, "argv", "get").mockReturnValue(["node", "start.ts", ...given]);
  try {
    parseOptions("npm start --", { port: { type: "string" } });
    return null;
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
}

test.each([
  [["--admin-key", "hunter2"], "hunter2"],
  [["--admin-key=hunter2"], "hunter2"],
  [["--password", "hunter2"], "hunter2"],
  [[key], key],
  [["--port", key], key],
  [[`--url=https://example.com/?key=${key}`], key],
])("E6: a secret among %j is refused and not repeated", (given, secret) => {
  const error = errorOf(...given);
  expect(error?.exitCode).toBe(2);
  expect(`${error?.message} ${error?.hint}`).not.toContain(secret);
  expect(error?.hint).toContain("environment");
});

test("E6: what is no secret is read, and a wrong option is named", () => {
  expect(errorOf("--port", "0")).toBeNull();
  expect(errorOf("--porch", "0")).toMatchObject({ exitCode: 2, message: expect.stringContaining("--porch") });
});
