import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, relative, sep } from "node:path";
import { OperatorError, systemErrorCode } from "./operator-error.ts";
import { pathOf } from "./routes.ts";
import { securityHeaders } from "./security-headers.ts";

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

interface StaticFile {
  readonly content: Buffer;
  readonly etag: string;
  readonly type: string;
  /** Compressed forms that the build left beside the file, best first. */
  readonly encodings: readonly { name: "br" | "gzip"; content: Buffer }[];
}

const TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  map: "application/json; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  webmanifest: "application/manifest+json",
  webp: "image/webp",
  woff2: "font/woff2",
};
const COMPRESSED = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;

/**
 * Serves a built dashboard from memory: a few megabytes, read once. A path that names no file and looks like a page gets
 * index.html, because the router lives in the browser; anything else is 404.
 *
 * Throws an OperatorError when the folder holds no build.
 */
export async function serveStaticFiles(folder: string): Promise<RequestHandler> {
  const files = await readFolder(folder);
  const index = files.get("/index.html");
  if (index === undefined) throw new OperatorError(`there is no built dashboard in ${folder}`, "npm start builds it");
  const headers = securityHeaders(index.content.toString());

  return (request, response) => {
    const path = decodePath(pathOf(request.url));
    const file = path === null ? undefined : (files.get(path) ?? (isPage(path) ? index : undefined));
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else if (file === undefined) {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("Not found\n");
    } else {
      sendFile(request, response, file, path?.startsWith("/assets/") === true && file !== index);
    }
  };
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile, hashed: boolean): void {
  const accepted = request.headers["accept-encoding"] ?? "";
  const encoding = file.encodings.find(({ name }) => accepts(accepted, name));
  // Each encoding is a representation of its own and needs its own tag.
  const etag = encoding === undefined ? `"${file.etag}"` : `"${file.etag}-${encoding.name}"`;
  response.setHeader("etag", etag);
  response.setHeader("vary", "accept-encoding");
  response.setHeader("cache-control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  const known = request.headers["if-none-match"];
  if (known !== undefined && known.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag)) {
    response.writeHead(304).end();
    return;
  }
  const content = encoding?.content ?? file.content;
  if (encoding !== undefined) response.setHeader("content-encoding", encoding.name);
  response.writeHead(200, { "content-type": file.type, "content-length": content.byteLength });
  response.end(request.method === "HEAD" ? undefined : content);
}

function accepts(header: string, encoding: string): boolean {
  return header.split(",").some((part) => {
    const [name, ...parameters] = part.split(";").map((word) => word.trim());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

function isPage(path: string): boolean {
  return !path.slice(path.lastIndexOf("/")).includes(".") && !path.startsWith("/assets/");
}

function decodePath(path: string): string | null {
  try {
    return path === "/" ? "/index.html" : decodeURIComponent(path);
  } catch {
    return null; // a stray percent sign names no file
  }
}

async function readFolder(folder: string): Promise<Map<string, StaticFile>> {
  const contents = new Map<string, Buffer>();
  try {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.startsWith(".")) continue;
      const file = join(entry.parentPath, entry.name);
      contents.set(`/${relative(folder, file).split(sep).join("/")}`, await readFile(file));
    }
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
  const files = new Map<string, StaticFile>();
  for (const [path, content] of contents) {
    if (COMPRESSED.some(({ suffix }) => path.endsWith(suffix) && contents.has(path.slice(0, -suffix.length)))) continue;
    files.set(path, {
      content,
      etag: createHash("sha256").update(content).digest("base64url").slice(0, 22),
      type: TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      encodings: COMPRESSED.flatMap(({ name, suffix }) => {
        const compressed = contents.get(path + suffix);
        return compressed === undefined ? [] : [{ name, content: compressed }];
      }),
    });
  }
  return files;
}
