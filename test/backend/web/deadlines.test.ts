import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadlines } from "#backend/web/deadlines.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("each wait expires after its own full time, under one timer", () => {
  const deadlines = new Deadlines(100);
  const expired: string[] = [];
  deadlines.start(() => expired.push("first"));
  vi.advanceTimersByTime(60);
  deadlines.start(() => expired.push("second"));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(40);
  expect(expired).toEqual(["first"]);
  vi.advanceTimersByTime(59);
  expect(expired).toEqual(["first"]);
  vi.advanceTimersByTime(2);
  expect(expired).toEqual(["first", "second"]);
});

test("a wait that has ended never expires, and the next one is timed anew", () => {
  const deadlines = new Deadlines(100);
  const expired: string[] = [];
  deadlines.end(deadlines.start(() => expired.push("ended")));
  vi.advanceTimersByTime(1000);
  expect([expired, vi.getTimerCount()]).toEqual([[], 0]);
  deadlines.start(() => expired.push("later"));
  vi.advanceTimersByTime(100);
  expect(expired).toEqual(["later"]);
});

test("a wait goes on while thousands that began after it end", () => {
  const deadlines = new Deadlines(100);
  const expired: string[] = [];
  deadlines.start(() => expired.push("slow"));
  vi.advanceTimersByTime(50);
  for (let i = 0; i < 5000; i += 1) deadlines.end(deadlines.start(() => expired.push("ended")));
  deadlines.start(() => expired.push("last"));
  vi.advanceTimersByTime(51);
  expect(expired).toEqual(["slow"]);
  vi.advanceTimersByTime(50);
  expect(expired).toEqual(["slow", "last"]);
});

test("ending a wait a second time takes no other one along", () => {
  const deadlines = new Deadlines(100);
  const expired: string[] = [];
  const twice = deadlines.start(() => expired.push("ended"));
  deadlines.start(() => expired.push("open"));
  deadlines.end(twice);
  deadlines.end(twice);
  vi.advanceTimersByTime(101);
  expect(expired).toEqual(["open"]);
});
