import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OWN_FOLDERS, OWN_MODULES } from "../../scripts/lib/own-modules.ts";
import { PROJECT } from "../../scripts/lib/program.ts";
import { permissionOf, readRunManifest, updateRunManifest } from "../../scripts/lib/run-manifest.ts";
import type { RunManifest } from "../../scripts/lib/run-manifest.ts";
import { TEAM_SOURCES, TEAM_TABLES } from "../gateway/team-functions.ts";
import { createTeamProject } from "../helpers/team-project.ts";
import type { TeamProject } from "../helpers/team-project.ts";

describe("T19: the manifest of what a team has added to convex/", () => {
  let project: TeamProject;
  let manifest: RunManifest;
  beforeAll(async () => {
    project = await createTeamProject(TEAM_SOURCES, TEAM_TABLES);
    manifest = await readRunManifest(project.folder);
  });
  afterAll(async () => await project[Symbol.asyncDispose]());

  test("names public functions with their kind and permission, and nothing else", () => {
    const named = Object.entries(manifest.functions).map(([path, { kind, permission }]) => [path, kind, permission]);
    expect(named).toEqual([
      ["billing/latestInvoices:spyOn", "action", "billing-latest-invoices:spy-on"],
      ["orders:anything", "query", "orders:anything"],
      ["orders:fail", "query", "orders:fail"],
      ["orders:listOpen", "query", "orders:list-open"],
      ["orders:place", "mutation", "orders:place"],
      ["orders:sellOut", "mutation", "orders:sell-out"],
      ["orders:whoCalls", "query", "orders:who-calls"],
    ]);
    expect(manifest.functions["orders:listOpen"]?.args).toEqual({
      type: "object",
      value: { limit: { fieldType: { type: "number" }, optional: true } },
    });
    expect(manifest.functions["orders:listOpen"]?.returns).toBeNull();
  });

  test("says which functions it leaves out and why: a resource of Latchkey's own, a permission that another one takes", () => {
    expect(manifest.leftOut).toEqual([
      { path: "orders:list_open", why: expect.stringContaining("orders:listOpen takes the same permission") },
      { path: "token:peek", why: expect.stringContaining("Latchkey's own") },
    ]);
  });

  test("is written as a module, once", async () => {
    await updateRunManifest(project.folder);
    const file = join(project.folder, "convex/run.gen.ts");
    const { functions } = await import(file);
    expect(functions).toEqual(manifest.functions);
    const written = await readFile(file, "utf8");
    await updateRunManifest(project.folder);
    expect(await readFile(file, "utf8")).toBe(written);
  });

  test.each([
    ["orders:listOpen", "orders:list-open"],
    ["orders:list_open", "orders:list-open"],
    ["billing/latestInvoices:sendAll", "billing-latest-invoices:send-all"],
    ["orders:exportAsCSV", "orders:export-as-csv"],
    ["orders:HTTPStatus", "orders:http-status"],
    ["v2/orders:get2", "v2-orders:get2"],
  ])("%s takes %s", (path, permission) => {
    expect(permissionOf(path)).toBe(permission);
  });
});

describe("T13: nothing of Latchkey's own can be called", () => {
  test("every module of convex/ is known to be its own", () => {
    const files = globSync("**/*.{ts,js}", { cwd: join(PROJECT, "convex") })
      .filter((file) => !OWN_FOLDERS.includes(file.split("/")[0] ?? ""))
      .filter((file) => /^\w+\.\w+$/.test(file));
    expect(files.map((file) => file.replace(/\.\w+$/, "")).toSorted()).toEqual(OWN_MODULES.toSorted());
  });

  test("the manifest of the project itself is empty", async () => {
    expect(await readRunManifest(PROJECT)).toEqual({ functions: {}, leftOut: [] });
    expect((await import("../../convex/run.gen.ts")).functions).toEqual({});
  });
});
