import { buildDashboard, isDashboardFresh } from "../../scripts/lib/dashboard-build.ts";

/** Vitest's global setup: the dashboard as it is now, built before the first page is opened. */
export async function setup(): Promise<void> {
  if (!(await isDashboardFresh())) await buildDashboard();
}
