import { expect, test } from "vitest";
import { nextCronTime, parseCron } from "#backend/scheduler/cron-expression.ts";

test.each([
  ["* * * * *", "2026-03-01T10:00:30Z", "2026-03-01T10:01:00Z"],
  ["*/15 * * * *", "2026-03-01T10:45:00Z", "2026-03-01T11:00:00Z"],
  ["5,35 9-17 * * mon-fri", "2026-02-27T17:35:00Z", "2026-03-02T09:05:00Z"],
  ["0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"],
  ["0 12 1 jan *", "2026-03-01T00:00:00Z", "2027-01-01T12:00:00Z"],
  ["0 0 * * 7", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z"],
  // With both days given, either will do: the 13th, and every Friday.
  ["0 0 13 * 5", "2026-03-07T00:00:00Z", "2026-03-13T00:00:00Z"],
  ["0 0 13 * 5", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z"],
  ["59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"],
  ["10/20 * * * *", "2026-03-01T10:31:00Z", "2026-03-01T10:50:00Z"],
])("%s after %s is %s", (text, after, expected) => {
  const next = nextCronTime(parseCron(text), Date.parse(after));
  expect(new Date(next).toISOString()).toBe(new Date(expected).toISOString());
});

test.each([
  "",
  "* * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "5-1 * * * *",
  "*/0 * * * *",
  "a * * * *",
  "1-2-3 * * * *",
])("%j is refused", (text) => {
  expect(() => parseCron(text)).toThrow();
});

test("a day that does not exist is found out", () => {
  expect(() => nextCronTime(parseCron("0 0 30 2 *"), 0)).toThrow("no day that exists");
});
