import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient } from "#sdk/index.ts";
import { toExportText } from "../../convex/api/auditExport.ts";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import { entryHash, genesisHash } from "../../convex/shared/auditChain.ts";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, Person, World } from "./world.ts";

describe.each(engines)("the audit trail over REST on $name", (engine) => {
  let world: World;
  let stranger: Person;
  let revokedId: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, `elsewhere-${process.pid}`);
    revokedId = (await world.createKey({ name: "audited" })).id;
    await world.asOwner("POST", `/api/v1/keys/${revokedId}/revoke`, { reason: "=1+1" });
    for (let index = 0; index < 4; index += 1) await world.createKey({ name: `another ${index}` });
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const list = async (query = ""): Promise<Answer> => await world.asOwner("GET", `/api/v1/audit${query}`);
  const asStranger = async (path: string, organization?: string) =>
    await world.call("GET", path, {
      cookie: stranger.cookie,
      headers: { accept: "application/json", ...(organization && { "x-organization-id": organization }) },
    });
  async function download(query: string, accept?: string): Promise<Response> {
    return await world.deployment.fetch(`/api/v1/audit/export${query}`, {
      headers: { cookie: world.owner.cookie, ...(accept !== undefined && { accept }) },
    });
  }

  test("C9 is listed newest first, page by page, each entry once", async () => {
    const all = entriesOf(await list());
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_entry, index) => all.length - index));
    const paged: AuditEntry[] = [];
    for (let cursor: string | null = null, pages = 0; ; pages += 1) {
      const page: Answer = await list(`?limit=3${cursor === null ? "" : `&cursor=${cursor}`}`);
      paged.push(...entriesOf(page));
      cursor = nextOf(page);
      if (cursor === null) break;
      expect(pages).toBeLessThan(all.length);
    }
    expect(paged).toEqual(all);
    expect(all[0]).toMatchObject({ actor: { type: "user", id: world.owner.userId, name: "Ada" } });
  });

  test("C9 is filtered by action, actor and target, alone and together", async () => {
    expect(actions(await list(`?target=${revokedId}`))).toEqual(["key.revoke", "key.create"]);
    expect(actions(await list(`?target=${revokedId}&action=key.revoke`))).toEqual(["key.revoke"]);
    expect(actions(await list("?action=key.create"))).toHaveLength(5);
    expect(actions(await list(`?actor=${world.owner.userId}&action=key.create&limit=2`))).toHaveLength(2);
    expect(actions(await list(`?actor=${stranger.userId}`))).toEqual([]);
    expect(actions(await list("?action=nothing.such"))).toEqual([]);
  });

  test("C9 E28 verifies, in pages too", async () => {
    const total = entriesOf(await list()).length;
    const whole = await world.asOwner("GET", "/api/v1/audit/verify");
    expect(whole.body).toMatchObject({ checked: total, broken: null, nextCursor: null, last: { seq: total } });
    const first = await world.asOwner("GET", "/api/v1/audit/verify?limit=4");
    expect(first.body).toMatchObject({ checked: 4, broken: null, last: { seq: 4 } });
    const rest = await world.asOwner("GET", `/api/v1/audit/verify?cursor=${textOf(first, "nextCursor")}`);
    expect(rest.body).toMatchObject({ checked: total - 4, broken: null, nextCursor: null });
  });

  test("C9 is exported as JSON lines that anybody can verify by the hashes alone", async () => {
    let text = "";
    for (let cursor: string | null = null; ;) {
      const page: Response = await download(`?limit=4${cursor === null ? "" : `&cursor=${cursor}`}`);
      expect(page.headers.get("content-type")).toBe("application/jsonl; charset=utf-8");
      expect(page.headers.get("cache-control")).toBe("no-store");
      text += await page.text();
      cursor = page.headers.get("x-next-cursor");
      if (cursor === null) break;
    }
    const entries: AuditEntry[] = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries).toEqual(entriesOf(await list()).toReversed());
    let previousHash = genesisHash(world.organizationId);
    for (const entry of entries) {
      expect(entry).toMatchObject({ previousHash, hash: entryHash(entry) });
      previousHash = entry.hash;
    }
  });

  test("C9 is exported as CSV, one header over all pages, and no cell a formula", async () => {
    const first = await download("?format=csv&limit=3");
    expect(first.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(first.headers.get("content-disposition")).toBe("attachment");
    const lines = (await first.text()).split("\r\n");
    expect(lines).toHaveLength(1 + 3 + 1);
    expect(lines[0]).toMatch(/^seq,time,actorType,/);
    const second = await download(`?format=csv&cursor=${first.headers.get("x-next-cursor")}`);
    const rest = await second.text();
    expect(rest).not.toContain("seq,time");
    expect(rest).toContain(",'=1+1,");
  });

  test("C9 an export comes as JSON for whoever asks for JSON, the SDK among them", async () => {
    const page = await download("?limit=1", "application/json");
    expect(await page.json()).toMatchObject({ contentType: "application/jsonl; charset=utf-8", nextCursor: "1" });
    const latchkey = createClient({
      baseUrl: world.site,
      key: world.owner.token,
      fetch: async (url, init) => {
        const { pathname, search } = new URL(url instanceof Request ? url.url : url);
        return await world.deployment.fetch(pathname + search, init);
      },
    });
    const { text, nextCursor } = await latchkey.audit.export({ format: "csv" });
    expect(text.split("\r\n").length - 2).toBe(entriesOf(await list()).length);
    expect(nextCursor).toBeNull();
    expect(await latchkey.audit.verify()).toMatchObject({ broken: null });
    expect((await latchkey.audit.list({ target: revokedId })).items).toHaveLength(2);
  });

  test("C9 takes audit:read: 403 without it, for people and for keys, and a key that has it may", async () => {
    const plain = await world.createKey({ name: "plain", ownerKind: "service", permissions: ["orders:read"] });
    const reader = await world.createKey({ name: "reader", ownerKind: "service", permissions: ["audit:read"] });
    for (const path of ["/api/v1/audit", "/api/v1/audit/verify", "/api/v1/audit/export"]) {
      expect(await world.call("GET", path, { key: plain.key })).toMatchObject({
        status: 403,
        body: { code: "FORBIDDEN" },
      });
      expect((await world.call("GET", path)).status).toBe(401);
      expect((await world.call("GET", path, { key: reader.key })).status).toBe(200);
    }
  });

  test("C9 another organization's trail shows nothing of this one", async () => {
    for (const path of ["/api/v1/audit", "/api/v1/audit/verify", "/api/v1/audit/export"]) {
      const own = await asStranger(path);
      expect(own.status).toBe(200);
      expect(JSON.stringify(own.body)).not.toContain(world.organizationId);
      const foreign = await asStranger(path, world.organizationId);
      expect(foreign.status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(foreign.body)).not.toContain(world.owner.userId);
    }
    expect(entriesOf(await asStranger(`/api/v1/audit?target=${revokedId}`))).toEqual([]);
  });

  test.each([
    "?limit=0",
    "?limit=201",
    "?cursor=x",
    "?cursor=-1",
    "?cursor=1.5",
    "?nothing=1",
    "?action=a&action=b",
    "/verify?cursor=1",
    "/verify?limit=1001",
    "/export?format=xml",
    "/export?cursor=0",
  ])("C9 refuses %s as INVALID_INPUT", async (query) => {
    expect(await list(query)).toMatchObject({ status: 422, body: { code: "INVALID_INPUT" } });
  });

  test.each(["POST", "PATCH", "DELETE"])("E28 there is no %s on the trail", async (method) => {
    for (const path of ["/api/v1/audit", "/api/v1/audit/verify", "/api/v1/audit/export"]) {
      const answer = await world.asOwner(method, path, method === "DELETE" ? undefined : {});
      expect(answer).toMatchObject({ status: 405, body: { code: "METHOD_NOT_ALLOWED" } });
    }
  });
});

const ENTRY: AuditEntry = {
  id: "e1",
  format: 2,
  organizationId: "o1",
  seq: 1,
  at: 0,
  actor: { type: "user", id: "u1", name: "Ada" },
  action: "key.create",
  targetKind: "key",
  targetId: "k1",
  before: null,
  after: '{"name":"x"}',
  reason: null,
  requestId: "r1",
  ip: null,
  agent: null,
  subject: null,
  erased: false,
  personId: "u1",
  personDigest: "d",
  personSalt: "s",
  subjectDigest: null,
  subjectSalt: null,
  previousHash: "p",
  hash: "h",
};

test.each([
  ["=1+1", "'=1+1"],
  ["+1", "'+1"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["＝1", "'＝1"],
  ["\t=1", "'\t=1"],
  ["  =1", "'  =1"],
  ["\rx", `"'\rx"`],
  ['=HYPERLINK("http://a","b")', `"'=HYPERLINK(""http://a"",""b"")"`],
  ['a "b", c', '"a ""b"", c"'],
  ["two\nlines", '"two\nlines"'],
  ["plain - text", "plain - text"],
])("C9 the CSV cell of %j is %j", (agent, cell) => {
  const line = toExportText([{ ...ENTRY, agent }], "csv", false);
  const expected = `1,1970-01-01T00:00:00.000Z,user,u1,Ada,key.create,key,k1,,"{""name"":""x""}",,r1,,${cell},,false,e1,o1,2,u1,d,s,,,p,h\r\n`;
  expect(line).toBe(expected);
});

function entriesOf(answer: Answer): AuditEntry[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the answer was held against the document
  return (answer.body as { items: AuditEntry[] }).items;
}

function actions(answer: Answer): unknown[] {
  return entriesOf(answer).map(({ action }) => action);
}

function nextOf(answer: Answer): string | null {
  const next = answer.body?.["nextCursor"];
  return typeof next === "string" ? next : null;
}
