import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();
crons.interval("move expired keys out of the live lists", { minutes: 1 }, internal.keys.sweep, {});
crons.interval("forget old idempotency keys", { hours: 1 }, internal.repetitions.sweep, {});

export default crons;
