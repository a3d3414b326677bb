import { DEFAULT_POLICY } from "../../../convex/shared/policy.ts";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_LIFETIME_MS,
  MAX_LIFETIME_MS,
  MAX_ROTATION_GRACE_MS,
  checkExpiry,
  checkGrace,
  checkName,
  checkRateLimit,
  checkTags,
  checkText,
  foldName,
} from "../../../convex/shared/limits.ts";

const NOW = 1_750_000_000_000;

describe("a name", () => {
  test("R1: is trimmed and composed, and compared without case, width or spacing", () => {
    expect(checkName("  Ce\u0301line  Bot ")).toEqual({
      ok: true,
      value: { name: "Céline  Bot", nameKey: "céline bot" },
    });
    expect(foldName("ＣＩ")).toBe("ci");
    expect(foldName("A\u00a0 B")).toBe("a b");
  });

  test("counts people's characters, up to a hundred", () => {
    expect(checkName("🔑".repeat(100)).ok).toBe(true);
    expect(checkName("🔑".repeat(101)).ok).toBe(false);
    expect(checkName("a").ok).toBe(true);
  });

  test.each(["", " \t ", "\u00a0", "a\u0000b", "a\u200db", "a\u2028b", "\ud800", "\ufeff"])("%j is none", (raw) => {
    expect(checkName(raw).ok).toBe(false);
  });
});

test("free text may have lines and tabs but no other control characters", () => {
  expect(checkText(" a\n\tb ", 5)).toEqual({ ok: true, value: "a\n\tb" });
  expect(checkText("a\u0007", 5).ok).toBe(false);
  expect(checkText("a".repeat(6), 5).ok).toBe(false);
});

test("tags are trimmed, few, short and not repeated", () => {
  expect(checkTags([" a ", "a", "b"])).toEqual({ ok: true, value: ["a", "b"] });
  expect(checkTags([" "]).ok).toBe(false);
  for (const hidden of ["\n", "\u0000", "\u009f", "\u200b", "\u2028", "\u202e", "\ud800"]) {
    expect(checkTags([`a${hidden}b`]).ok, JSON.stringify(hidden)).toBe(false);
  }
  expect(checkTags(["🔑".repeat(40)]).ok).toBe(true);
  expect(checkTags(["a".repeat(41)]).ok).toBe(false);
  expect(checkTags(Array.from({ length: 17 }, (_, index) => `${index}`)).ok).toBe(false);
});

test("an expiry lies after now and within the year, give or take what a form takes to be sent", () => {
  expect(checkExpiry(undefined, NOW, DEFAULT_POLICY)).toEqual({ ok: true, value: NOW + DEFAULT_LIFETIME_MS });
  expect(checkExpiry(NOW + 1, NOW, DEFAULT_POLICY)).toEqual({ ok: true, value: NOW + 1 });
  expect(checkExpiry(NOW, NOW, DEFAULT_POLICY).ok).toBe(false);
  expect(checkExpiry(null, NOW, DEFAULT_POLICY).ok).toBe(false);
  expect(checkExpiry(NOW + MAX_LIFETIME_MS + 2_000, NOW, DEFAULT_POLICY)).toEqual({
    ok: true,
    value: NOW + MAX_LIFETIME_MS,
  });
  expect(checkExpiry(NOW + MAX_LIFETIME_MS + 600_000, NOW, DEFAULT_POLICY).ok).toBe(false);
  expect(checkExpiry(NOW + 0.5, NOW, DEFAULT_POLICY).ok).toBe(false);
  expect(checkExpiry(Infinity, NOW, DEFAULT_POLICY).ok).toBe(false);
});

test("a grace period is 0 to 30 days", () => {
  expect(checkGrace(0)).toEqual({ ok: true, value: 0 });
  expect(checkGrace(MAX_ROTATION_GRACE_MS).ok).toBe(true);
  expect(checkGrace(MAX_ROTATION_GRACE_MS + 1).ok).toBe(false);
  expect(checkGrace(-1).ok).toBe(false);
});

test("a rate limit is a whole number of calls in a second to a day", () => {
  expect(checkRateLimit({ limit: 1, windowMs: 1_000 }).ok).toBe(true);
  for (const rate of [
    { limit: 0, windowMs: 1_000 },
    { limit: 1.5, windowMs: 1_000 },
    { limit: 1_000_001, windowMs: 1_000 },
    // Sixty meant as seconds is no limit at all when read as milliseconds.
    { limit: 100, windowMs: 60 },
    { limit: 1, windowMs: 86_400_001 },
  ]) {
    expect(checkRateLimit(rate).ok).toBe(false);
  }
});
