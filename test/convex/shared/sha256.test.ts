import { expect, test } from "vitest";
import { sha256Base64Url } from "#convex/shared/sha256.ts";

// Around 55, 64 and 119 bytes the padding moves to another block.
test.each([0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 71, 118, 119, 120, 128, 1000])(
  "the hash of %i characters is the platform's",
  async (length) => {
    const text = "lk_live~Az09".repeat(84).slice(0, length);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    expect(sha256Base64Url(text)).toBe(Buffer.from(digest).toString("base64url"));
  },
);

test("text that is not ASCII is refused instead of hashed wrongly", () => {
  expect(() => sha256Base64Url("é")).toThrow(RangeError);
});
