import type { CronSchedule, CronSpec, DayOfWeek } from "../functions/deployment.ts";
import { canonicalPath } from "../functions/function-path.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { DeployError } from "./deploy-error.ts";

const DAYS = new Set<string>(["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]);

/** Decodes `cronJobs().export()`: cron name to `{name, args, schedule}`. Throws InvalidModules. */
export function toCronSpecs(exported: JsonValue): CronSpec[] {
  if (!isJsonObject(exported)) throw malformed("");
  return Object.entries(exported).map(([identifier, value]) => {
    if (!isJsonObject(value) || typeof value["name"] !== "string" || !isJsonObject(value["schedule"])) {
      throw malformed(identifier);
    }
    const args = Array.isArray(value["args"]) ? value["args"][0] : value["args"];
    return {
      identifier,
      name: canonicalPath(value["name"]),
      args: args ?? {},
      schedule: toSchedule(identifier, value["schedule"]),
    };
  });
}

function toSchedule(identifier: string, schedule: JsonObject): CronSchedule {
  const { type, seconds, minutes, hours, cron, dayOfWeek } = schedule;
  const minute = typeof schedule["minuteUTC"] === "number" ? { minuteUTC: schedule["minuteUTC"] } : {};
  switch (type) {
    case "interval":
      if (typeof seconds === "number") return { type, seconds };
      if (typeof minutes === "number") return { type, minutes };
      if (typeof hours === "number") return { type, hours };
      break;
    case "cron":
      if (typeof cron === "string") return { type, cron };
      break;
    case "hourly":
      return { type, ...minute };
    case "daily":
      return { type, hourUTC: numberOf(identifier, schedule["hourUTC"]), ...minute };
    case "weekly":
      if (!isDay(dayOfWeek)) break;
      return { type, dayOfWeek, hourUTC: numberOf(identifier, schedule["hourUTC"]), ...minute };
    case "monthly":
      return {
        type,
        day: numberOf(identifier, schedule["day"]),
        hourUTC: numberOf(identifier, schedule["hourUTC"]),
        ...minute,
      };
    default:
  }
  throw malformed(identifier);
}

function isDay(value: JsonValue | undefined): value is DayOfWeek {
  return typeof value === "string" && DAYS.has(value);
}

function numberOf(identifier: string, value: JsonValue | undefined): number {
  if (typeof value === "number") return value;
  throw malformed(identifier);
}

function malformed(identifier: string): DeployError {
  return new DeployError(
    "InvalidModules",
    `crons.js has a malformed cron job${identifier === "" ? "" : ` "${identifier}"`}.`,
  );
}
