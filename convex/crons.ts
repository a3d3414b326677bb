import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();
crons.interval("move expired keys out of the live lists", { minutes: 1 }, internal.keys.sweep, {});
crons.interval("forget old idempotency keys", { hours: 1 }, internal.repetitions.sweep, {});
crons.interval("forget invitations that are over", { hours: 1 }, internal.invitations.sweep, {});
crons.interval("forget sessions that are over", { hours: 1 }, internal.sessions.sweep, {});
crons.interval("end what the policy ends, and idle keys", { hours: 1 }, internal.policy.sweep, {});
// At an hour when few are at work, and not on the hour, when everybody else's clocks strike.
crons.daily("delete what is kept no longer", { hourUTC: 2, minuteUTC: 41 }, internal.retention.sweep, {});
crons.interval("delete old usage counts", { hours: 1 }, internal.usage.sweep, {});
crons.interval("tell of refusals that were only counted", { minutes: 1 }, internal.audit.sweepDenied, {});

export default crons;
