import type { CronSchedule } from "../functions/deployment.ts";
import { type CronExpression, nextCronTime, parseCron } from "./cron-expression.ts";

const DAYS_OF_WEEK = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** The first time a new cron job runs: an interval at once, everything else when its time comes. Epoch milliseconds. */
export function firstTick(schedule: CronSchedule, now: number): number {
  return schedule.type === "interval" ? now : nextTick(schedule, now, now);
}

/**
 * The first tick after `now` of a job that was due at `due`, in epoch milliseconds. Missed ticks are skipped, and an
 * interval keeps its rhythm however late a tick was.
 */
export function nextTick(schedule: CronSchedule, due: number, now: number): number {
  if (schedule.type !== "interval") return nextCronTime(toExpression(schedule), now);
  const period = intervalMs(schedule);
  return due + (Math.floor(Math.max(0, now - due) / period) + 1) * period;
}

function intervalMs(schedule: Extract<CronSchedule, { type: "interval" }>): number {
  if ("seconds" in schedule) return schedule.seconds * 1000;
  if ("minutes" in schedule) return schedule.minutes * 60_000;
  return schedule.hours * 3_600_000;
}

function toExpression(schedule: Exclude<CronSchedule, { type: "interval" }>): CronExpression {
  switch (schedule.type) {
    case "cron":
      return parseCron(schedule.cron);
    case "hourly":
      return parseCron(`${schedule.minuteUTC ?? 0} * * * *`);
    case "daily":
      return parseCron(`${schedule.minuteUTC ?? 0} ${schedule.hourUTC} * * *`);
    case "weekly": {
      const day = DAYS_OF_WEEK.indexOf(schedule.dayOfWeek);
      return parseCron(`${schedule.minuteUTC ?? 0} ${schedule.hourUTC} * * ${day}`);
    }
    case "monthly":
      return parseCron(`${schedule.minuteUTC ?? 0} ${schedule.hourUTC} ${schedule.day} * *`);
    default:
      return schedule satisfies never;
  }
}
