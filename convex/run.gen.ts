// Written by scripts/generate-run.ts from the modules that a team has added to convex/. Do not edit.
import type { FunctionManifest } from "./shared/functionManifest.ts";

export const functions: FunctionManifest = {};
