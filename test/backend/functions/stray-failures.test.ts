import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { StrayFailure } from "#backend/functions/calls.ts";
import { TestBackend } from "../deploy/test-backend.ts";

const failures: StrayFailure[] = [];
let backend: TestBackend;

beforeAll(async () => {
  backend = await TestBackend.start({ onStrayFailure: (failure) => failures.push(failure) });
  await backend.push({
    app: {
      "stray.ts": `
        import { actionGeneric } from "convex/server";
        const failLater = async () => { await null; throw new Error("let go"); };
        export const promise = actionGeneric({ handler: () => { failLater(); return "answered"; } });
        export const timer = actionGeneric({ handler: () => { setTimeout(() => { throw new Error("let go"); }, 1); return "answered"; } });
        export const microtask = actionGeneric({ handler: () => { queueMicrotask(() => { throw new Error("let go"); }); return "answered"; } });
        export const fetching = actionGeneric({ handler: () => { fetch("http://127.0.0.1:1/"); return "answered"; } });`,
    },
  });
});

beforeEach(() => void failures.splice(0));
afterAll(() => backend[Symbol.asyncDispose]());

test.each([
  ["promise", "let go"],
  ["timer", "let go"],
  ["microtask", "let go"],
  ["fetching", "fetch failed"],
])("an error in a %s that nobody waits for is reported and the process goes on", async (name, message) => {
  expect(await backend.action(`stray:${name}`)).toBe("answered");
  await vi.waitFor(() =>
    expect(failures).toEqual([
      {
        error: expect.objectContaining({ message }),
        functionPath: `stray:${name}`,
        componentPath: "",
        requestId: "0123456789abcdef",
      },
    ]),
  );
});
