import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();
crons.interval("move expired keys out of the live lists", { minutes: 1 }, internal.keys.sweep, {});

export default crons;
