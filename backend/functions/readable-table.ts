import type { Document } from "../database/database.ts";
import type { JsonObject } from "../values/json.ts";
import type { IndexDefinition } from "./deployment.ts";
import type { LoadedMount } from "./loaded-mount.ts";
import { readScheduledJob, SCHEDULED_JOBS, scheduledFunctionView, SYSTEM_MOUNT } from "./scheduled-jobs.ts";

/** A document as user code sees it. */
export interface VisibleDocument {
  readonly value: JsonObject;
  /** `value` as JSON text. */
  readonly text: string;
}

/** A table as user code names it, and where its rows really are. */
export interface ReadableTable {
  readonly name: string;
  readonly storedMount: string;
  readonly storedName: string;
  index(name: string): IndexDefinition | undefined;
  /** Null hides the row. */
  view(document: Document): VisibleDocument | null;
}

export const SCHEDULED_FUNCTIONS = "_scheduled_functions";

/** Throws for system tables that do not exist; any other unknown table reads as empty. */
export function readableTable(mount: LoadedMount, name: string): ReadableTable {
  if (name === SCHEDULED_FUNCTIONS) return scheduledFunctions(mount);
  if (name.startsWith("_") && name !== "_storage") {
    throw new Error(`System table "${name}" does not exist.`);
  }
  return {
    name,
    storedMount: mount.path,
    storedName: name,
    index: (index) => mount.index(name, index),
    view: (document) => document,
  };
}

function scheduledFunctions(mount: LoadedMount): ReadableTable {
  return {
    name: SCHEDULED_FUNCTIONS,
    storedMount: SYSTEM_MOUNT,
    storedName: SCHEDULED_JOBS,
    index: (index) => mount.index(SCHEDULED_FUNCTIONS, index),
    view: (document) => viewScheduledFunction(mount, document),
  };
}

/** Jobs of other mounts are invisible. */
export function viewScheduledFunction(mount: LoadedMount, document: Document): VisibleDocument | null {
  const job = readScheduledJob(document);
  if (job === null || job.mount !== mount.path) return null;
  const value = scheduledFunctionView(document, job);
  return { value, text: JSON.stringify(value) };
}
