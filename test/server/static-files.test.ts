import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, brotliCompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveStaticFiles } from "../../server/static-files.ts";
import { listenForTest } from "../helpers/listen.ts";

const SCRIPT = "console.log('latchkey');\n".repeat(100);
const INDEX = `<!doctype html><script>document.title="x"</script><script type="module" src="/assets/app-1a2b.js"></script>`;

let folder: string;
let origin: string;
let close: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-static-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), INDEX);
  await writeFile(join(folder, ".secret"), "no");
  await writeFile(join(folder, "assets", "app-1a2b.js"), SCRIPT);
  await writeFile(join(folder, "assets", "app-1a2b.js.gz"), gzipSync(SCRIPT));
  await writeFile(join(folder, "assets", "app-1a2b.js.br"), brotliCompressSync(SCRIPT));
  ({ origin, close } = await listenForTest(createServer(await serveStaticFiles(folder))));
});

afterAll(async () => {
  await close();
  await rm(folder, { recursive: true });
});

async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  return await fetch(origin + path, { headers, method });
}

test("a hashed file is cached for good, under its type, in the best encoding the browser takes", async () => {
  for (const [accepted, encoding] of [
    ["gzip, br", "br"],
    ["gzip", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["identity", null],
  ] as const) {
    const response = await get("/assets/app-1a2b.js", { "accept-encoding": accepted });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-encoding")).toBe(encoding);
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(response.headers.get("vary")).toBe("accept-encoding");
    expect(await response.text()).toBe(SCRIPT);
  }
});

test("a page of the router gets index.html, which is checked for freshness every time", async () => {
  for (const path of ["/", "/docs", "/o/acme/keys?status=live", "/o/x.y/keys"]) {
    const response = await get(path);
    expect([path, response.status]).toEqual([path, 200]);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(await response.text()).toBe(INDEX);
  }
});

test("a tag that is still right answers 304 without a body, another one 200", async () => {
  const tag = (await get("/")).headers.get("etag") ?? "";
  expect(tag).toMatch(/^"[\w-]{22}"$/);
  const fresh = await get("/", { "if-none-match": `"other", W/${tag}` });
  expect([fresh.status, await fresh.text()]).toEqual([304, ""]);
  expect((await get("/", { "if-none-match": '"other"' })).status).toBe(200);
});

test("each encoding of a file has its own tag", async () => {
  const tags = await Promise.all(
    ["br", "gzip", "identity"].map(async (encoding) =>
      (await get("/assets/app-1a2b.js", { "accept-encoding": encoding })).headers.get("etag"),
    ),
  );
  expect(new Set(tags).size).toBe(3);
});

test("missing assets, hidden files, broken escapes and paths out of the folder are 404, never the page", async () => {
  for (const path of [
    "/assets/gone-9f9f.js",
    "/assets/gone",
    "/favicon.ico",
    "/.secret",
    "/%E0%A4%A",
    "/..%2f..%2fetc%2fpasswd.txt",
  ]) {
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  }
});

test("HEAD has the headers of GET and no body; other methods are refused", async () => {
  const head = await get("/", {}, "HEAD");
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, String(INDEX.length), ""]);
  const post = await get("/", {}, "POST");
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("every answer forbids framing, sniffing and scripts from elsewhere, and allows the page's own inline script by its hash", async () => {
  for (const path of ["/", "/assets/app-1a2b.js", "/gone.js"]) {
    const { headers } = await get(path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toMatch(/script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='(;|$)/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  }
});

test("a folder without a build is refused in words", async () => {
  await expect(serveStaticFiles(join(folder, "nowhere"))).rejects.toMatchObject({
    name: "OperatorError",
    message: expect.stringContaining("there is no built dashboard"),
  });
});
