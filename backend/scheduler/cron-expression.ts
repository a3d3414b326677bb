/** A parsed five-field cron expression; all times are UTC. */
export interface CronExpression {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly daysOfWeek: ReadonlySet<number>;
  /** With both kinds of days restricted, either one is enough; that is what cron has always done. */
  readonly eitherDay: boolean;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY_MS = 24 * 60 * 60 * 1000;
// February 29th on one given weekday comes back after 40 years at the latest.
const SEARCH_DAYS = 41 * 366;

/** @throws Error naming the field that cannot be read. */
export function parseCron(text: string): CronExpression {
  const fields = text.trim().split(/\s+/);
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = fields;
  if (fields.length !== 5) throw new Error(`A cron expression has five fields: ${text}`);
  return {
    minutes: parseField("minute", minute, 0, 59),
    hours: parseField("hour", hour, 0, 23),
    daysOfMonth: parseField("day of month", dayOfMonth, 1, 31),
    months: parseField("month", month, 1, 12, (name) => MONTHS.indexOf(name) + 1),
    daysOfWeek: new Set(
      [...parseField("day of week", dayOfWeek, 0, 7, (name) => DAYS.indexOf(name))].map((day) => day % 7),
    ),
    eitherDay: !dayOfMonth.startsWith("*") && !dayOfWeek.startsWith("*"),
  };
}

/**
 * The first time after `after` that the expression names; both in epoch milliseconds.
 *
 * @throws Error when there is none, as for February 30th.
 */
export function nextCronTime(cron: CronExpression, after: number): number {
  const start = Math.floor(after / 60_000) * 60_000 + 60_000;
  const today = Math.floor(start / DAY_MS) * DAY_MS;
  for (let day = 0; day < SEARCH_DAYS; day += 1) {
    const midnight = today + day * DAY_MS;
    if (!isOnDay(cron, new Date(midnight))) continue;
    const time = firstTimeOfDay(cron, midnight, start);
    if (time !== null) return time;
  }
  throw new Error("The cron expression names no day that exists");
}

function isOnDay(cron: CronExpression, date: Date): boolean {
  if (!cron.months.has(date.getUTCMonth() + 1)) return false;
  const inMonth = cron.daysOfMonth.has(date.getUTCDate());
  const inWeek = cron.daysOfWeek.has(date.getUTCDay());
  return cron.eitherDay ? inMonth || inWeek : inMonth && inWeek;
}

function firstTimeOfDay(cron: CronExpression, midnight: number, from: number): number | null {
  for (const hour of [...cron.hours].toSorted((a, b) => a - b)) {
    for (const minute of [...cron.minutes].toSorted((a, b) => a - b)) {
      const time = midnight + (hour * 60 + minute) * 60_000;
      if (time >= from) return time;
    }
  }
  return null;
}

function parseField(
  field: string,
  text: string,
  min: number,
  max: number,
  byName: (name: string) => number = () => -1,
): Set<number> {
  const bad = (): Error => new Error(`Cannot read the ${field} "${text}" of a cron expression`);
  const toNumber = (part: string): number => {
    const value = /^\d+$/.test(part) ? Number(part) : byName(part.toLowerCase());
    if (!(value >= min && value <= max)) throw bad();
    return value;
  };
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [, range = "", , stepText] = /^([^/]+)(\/(\d+))?$/.exec(item) ?? [];
    const step = stepText === undefined ? 1 : Number(stepText);
    const [from = "", to, ...rest] = range.split("-");
    if (range === "" || step < 1 || rest.length > 0) throw bad();
    const first = from === "*" ? min : toNumber(from);
    const last = from === "*" ? max : to !== undefined ? toNumber(to) : stepText === undefined ? first : max;
    if (last < first) throw bad();
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}
