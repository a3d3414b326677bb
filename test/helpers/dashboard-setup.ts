import { buildDashboard, isDashboardFresh } from "../../scripts/lib/dashboard-build.ts";
import { setup as setUpTemplate } from "./template-setup.ts";

/** Vitest's global setup: the template, and beside it the dashboard as it is now, built before the first page is opened. */
export async function setup(): Promise<void> {
  await Promise.all([setUpTemplate(), setUpDashboard()]);
}

async function setUpDashboard(): Promise<void> {
  if (!(await isDashboardFresh())) await buildDashboard();
}
