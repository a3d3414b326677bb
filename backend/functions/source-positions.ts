import { SourceMap, type SourceMapPayload } from "node:module";
import type { Deployment } from "./deployment.ts";

const PREFIX = "convex:/";

/** Rewrites stacks of bundled code to the developer's files, dropping frames of the host. */
export class SourcePositions {
  readonly #deployment: Deployment;
  readonly #maps = new Map<string, SourceMap | null>();

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  /** Frame lines only, such as `    at handler (../convex/messages.ts:12:9)`; empty when no frame is the user's. */
  map(stack: string): string {
    const frames: string[] = [];
    for (const line of stack.split("\n")) {
      const frame = /^\s+at (?:(.*) \()?(convex:\/[^\s()]*?):(\d+):(\d+)\)?$/.exec(line);
      if (frame === null) continue;
      const [, name, file = "", row = "0", column = "0"] = frame;
      const position = this.#original(file, Number(row), Number(column));
      frames.push(name === undefined ? `    at ${position}` : `    at ${name} (${position})`);
    }
    return frames.join("\n");
  }

  #original(file: string, line: number, column: number): string {
    const entry = this.#map(file)?.findOrigin(line, column);
    if (entry === undefined || !("fileName" in entry) || typeof entry.fileName !== "string") {
      return `${file.slice(PREFIX.length)}:${line}:${column}`;
    }
    return `${entry.fileName}:${entry.lineNumber}:${entry.columnNumber}`;
  }

  #map(file: string): SourceMap | null {
    const known = this.#maps.get(file);
    if (known !== undefined) return known;
    const map = this.#load(file.slice(PREFIX.length));
    this.#maps.set(file, map);
    return map;
  }

  #load(path: string): SourceMap | null {
    for (const mount of this.#deployment.mounts.values()) {
      const prefix = mount.path === "" ? "" : `${mount.path}/`;
      const text = path.startsWith(prefix) ? mount.modules.get(path.slice(prefix.length))?.sourceMap : null;
      if (typeof text !== "string" || text === "") continue;
      const payload: SourceMapPayload = JSON.parse(text);
      return new SourceMap(payload);
    }
    return null;
  }
}
