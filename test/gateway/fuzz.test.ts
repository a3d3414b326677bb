import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test, vi } from "vitest";
import { serveStaticFiles } from "../../server/static-files.ts";
import { Dice } from "../helpers/dice.ts";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import type { TestLatchkey } from "../helpers/latchkey.ts";
import { createKey, createOrganization, signUp, succeed, textField } from "../helpers/person.ts";
import type { Person } from "../helpers/person.ts";
import type { Arsenal, Target } from "./hostile-arsenal.ts";
import { hostileRequest } from "./hostile-requests.ts";
import type { HostileRequest } from "./hostile-requests.ts";
import { RawClient } from "./raw-exchange.ts";
import type { RawAnswer } from "./raw-exchange.ts";

// CONTRIBUTING says how to run more of them, and one alone.
const COUNT = Number(process.env["LATCHKEY_FUZZ_REQUESTS"] ?? 3_000);
const SEED = Number(process.env["LATCHKEY_FUZZ_SEED"] ?? 1);
const ONLY = process.env["LATCHKEY_FUZZ_ONLY"];
const CONNECTIONS = 8;
const MAX_REPORTED = 20;
const MINUTE_MS = 60_000;

test(
  `none of ${COUNT} hostile requests gets a fault, a stack trace or another organization's data`,
  { timeout: MINUTE_MS + COUNT * 20 },
  async () => {
    const log = captureLog();
    await using world = await openHostileWorld();
    const before = await world.victim();
    const failures: string[] = [];
    const statuses = new Map<number, number>();
    let next = 0;

    async function attack(): Promise<void> {
      using client = new RawClient(world.url);
      while (next < COUNT && failures.length < MAX_REPORTED) {
        const index = ONLY === undefined ? next : Number(ONLY);
        next = ONLY === undefined ? next + 1 : COUNT;
        const request = hostileRequest(new Dice(SEED, index), world.arsenal);
        try {
          for (const answer of await client.send(request)) {
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
            const complaint = world.judge(request, answer);
            if (complaint !== null) failures.push(describe(index, request, complaint, answer));
          }
        } catch (error) {
          failures.push(describe(index, request, inspect(error)));
        }
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, attack));

    const summary = [...statuses].toSorted(([left], [right]) => left - right).map((pair) => pair.join(": "));
    if (COUNT > 3_000 || failures.length > 0)
      process.stdout.write(`seed ${SEED}, answers by status: ${summary.join(", ")}\n`);
    expect(failures.join("\n\n"), `LATCHKEY_FUZZ_SEED=${SEED}`).toBe("");
    expect(log(), "what the process logged").toEqual([]);
    expect(await world.victim()).toEqual(before);
    expect(await world.stillServes()).toEqual({ key: 200, member: 200, owner: 200, health: 200 });
    // The requests must have got past the first refusal, or this shows nothing.
    expect(
      Math.min(...[200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422].map((status) => statuses.get(status) ?? 0)),
      summary.join(", "),
    ).toBeGreaterThan(ONLY === undefined ? 0 : -1);
  },
);

function describe(index: number, request: HostileRequest, complaint: string, answer?: RawAnswer): string {
  const got = answer === undefined ? "" : `\n${answer.status} ${inspect(answer.headers)}\n${shorten(answer.body)}`;
  const sent = shorten(JSON.stringify(request.bytes.toString("latin1")));
  return `${complaint}\nLATCHKEY_FUZZ_SEED=${SEED} LATCHKEY_FUZZ_ONLY=${index}\n${sent}${got}`;
}

/** Repetitions counted instead of shown. */
function shorten(text: string): string {
  const counted = text.replaceAll(/(.{1,8}?)\1{15,}/gs, (all, unit: string) => `{${unit}×${all.length / unit.length}}`);
  return counted.length > 3_000 ? `${counted.slice(0, 2_000)} … ${counted.slice(-900)}` : counted;
}

/** Collects what the process writes to its log from here on. */
function captureLog(): () => string[] {
  const lines: string[] = [];
  for (const name of ["error", "warn", "log", "info"] as const) {
    vi.spyOn(console, name).mockImplementation(
      (...words) => void lines.push(words.map((word) => (typeof word === "string" ? word : inspect(word))).join(" ")),
    );
  }
  return () => lines.slice(0, MAX_REPORTED);
}

type HostileWorld = AsyncDisposable & {
  url: string;
  arsenal: Arsenal;
  /** Everything that the victim sees of its own organization. */
  victim(): Promise<unknown>;
  /** The status that each of the attacker's own, untouched credentials still gets. */
  stillServes(): Promise<Record<string, number>>;
  /** What is wrong with an answer; null when nothing is. */
  judge(request: HostileRequest, answer: RawAnswer): string | null;
};

async function openHostileWorld(): Promise<HostileWorld> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-hostile-"));
  await mkdir(join(folder, "app"));
  await writeFile(join(folder, "outside.txt"), "zzoutside");
  await writeFile(join(folder, "app", "index.html"), "<!doctype html><title>Dashboard</title>");
  const latchkey = await startTestLatchkey({
    app: async () => await serveStaticFiles(join(folder, "app")),
    // So that requests can come from many addresses, and are not all stopped by one address's limits.
    trustedProxies: "127.0.0.1",
  });
  const { url } = latchkey;

  const ada = await signUp(url, "Zzvictim");
  const organizationA = await createOrganization(ada, "zzvictim-industries");
  const keyA = await createKey(ada, {
    name: "zzvictim key",
    description: "zzvictim secret plan",
    tags: ["zzvictim"],
    permissions: ["keys:verify"],
  });
  const unheardOf = await createKey(ada, { name: "zzvictim other", permissions: [] });
  const serviceA = await createKey(ada, { name: "zzvictim service", ownerKind: "service", permissions: ["keys:*"] });

  const bob = await signUp(url, "Bob");
  const organizationB = await createOrganization(bob, "attackers");
  const mallory = await signUp(url, "Mallory");
  const keyB = await createKey(bob, { name: "low", ownerKind: "service", permissions: ["keys:verify", "keys:read"] });
  const carol = await signUp(url, "Carol");
  const organizationC = await createOrganization(carol, "third");
  const keyC = await createKey(carol, { name: "own", permissions: ["keys:read"] });

  const people = { ada: await sessionOf(ada), mallory: await sessionOf(mallory), carol: await sessionOf(carol) };
  await bringIn(latchkey, people.mallory.userId, organizationB);
  const known = [
    organizationA,
    keyA.id,
    serviceA.id,
    people.ada.userId,
    publicPart(keyA.key),
    publicPart(serviceA.key),
  ];
  const secrets = [
    "zzvictim",
    "zzoutside",
    keyA.key,
    serviceA.key,
    unheardOf.id,
    publicPart(unheardOf.key),
    ada.email,
    people.ada.token,
    latchkey.dataFolder,
    folder,
  ];
  const arsenal: Arsenal = {
    host: new URL(url).host,
    origin: url,
    key: keyB.key,
    member: { cookie: mallory.cookie, token: people.mallory.token },
    owner: { cookie: carol.cookie, token: people.carol.token },
    ids: [
      ...known,
      organizationB,
      organizationC,
      keyB.id,
      keyC.id,
      keyC.id,
      people.mallory.userId,
      people.carol.userId,
    ],
    targets: await readTargets(url),
  };

  return {
    url,
    arsenal,
    async victim() {
      const paths = ["/api/v1/keys?includeDead=true&limit=200", "/api/auth/organization/list"];
      return await Promise.all(paths.map(async (path) => await read(ada, path)));
    },
    async stillServes() {
      // Leaving is every member's own to do, and among so many requests one may have come upon it.
      const departures = at(await read(bob, "/api/v1/audit?action=member.delete"), "items");
      const leavers = Object.values(departures).map((entry) => at(entry, "actor")["id"]);
      if (leavers.includes(people.mallory.userId)) await bringIn(latchkey, people.mallory.userId, organizationB);
      const whoami = async (headers: Record<string, string>) =>
        (await whenCalm(async () => await fetch(`${url}/api/v1/whoami`, { headers }))).status;
      return {
        key: await whoami({ "x-api-key": keyB.key }),
        member: await whoami({ cookie: mallory.cookie, "x-organization-id": organizationB }),
        owner: await whoami({ cookie: carol.cookie, "x-organization-id": organizationC }),
        health: (await fetch(`${url}/api/health`)).status,
      };
    },
    judge: (request, answer) => judge(request, answer, { known, secrets }),
    async [Symbol.asyncDispose]() {
      await latchkey[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

// The protocol of Convex's own function calls answers a failed function with this status; clients tell it from a fault by it.
const FUNCTION_FAILED = 560;
// node's parser takes more than one space before the target.
const FUNCTION_CALL = /^ *\/api\/(?:query|mutation|action|function|query_at_ts)(?![a-z_])/;
const STACK = /\n\s+at \S|node:internal|node_modules|\.[cm]?[jt]s:\d+|file:\/\/|\/work\/|\bat \S+ \(/;

function judge(
  request: HostileRequest,
  answer: RawAnswer,
  { known, secrets }: { known: string[]; secrets: string[] },
): string | null {
  const { status, headers, body } = answer;
  const text = `${[...headers].join("\n")}\n${body}`;
  const asked = request.bytes.toString("latin1");
  const isFailedFunction = status === FUNCTION_FAILED && FUNCTION_CALL.test(request.target);
  const isMissingFeature = status === 501 && (request.method === "HEAD" || body.includes('"FeatureNotAvailable"'));
  if (status >= 500 && !isFailedFunction && !isMissingFeature) return `A fault: ${status}`;
  if (STACK.test(text) && !STACK.test(asked)) return "A stack trace";
  const secret = secrets.find((marker) => text.includes(marker));
  if (secret !== undefined) return `The victim's secret ${secret}`;
  // Where the attacker's own words come back, in its audit trail and whatever it may name, it reads what it wrote itself.
  // The victim's ids that it never heard of are among the secrets, which nothing excuses.
  const sent = decoded(asked);
  const isOwnWords = /audit|keys|permissions|roles|groups|licenses|organization|usage/.test(sent);
  const id = isOwnWords ? undefined : known.find((marker) => text.includes(marker) && !sent.includes(marker));
  if (id !== undefined) return `The victim's id ${id}`;
  if (isUnderV1(request.target) && status >= 400 && request.method !== "HEAD") return problemWith(answer);
  return null;
}

function isUnderV1(target: string): boolean {
  return target === "/api/v1" || target.startsWith("/api/v1/");
}

/** What keeps an error answer from being RFC 9457 problem details as SPEC §5 wants them. */
function problemWith({ status, headers, body }: RawAnswer): string | null {
  const type = headers.get("content-type");
  if (type !== "application/problem+json") return `An error of type ${type}`;
  const value: unknown = JSON.parse(body);
  try {
    expect(value).toMatchObject({
      type: "about:blank",
      title: expect.stringMatching(/\w/),
      status,
      detail: expect.stringMatching(/\w/),
      code: expect.stringMatching(/^[A-Z_]+$/),
      traceId: headers.get("x-trace-id"),
    });
  } catch {
    return "An error that is no problem document";
  }
  return null;
}

function decoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The answer to somebody who shares the attacker's address, and has to wait until it has calmed down. */
async function whenCalm(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await ask();
    const wait = answer.headers.get("retry-after");
    if (answer.status !== 429 || wait === null) return answer;
    await new Promise((resolve) => setTimeout(resolve, Number(wait) * 1000));
  }
}

async function read(person: Person, path: string): Promise<unknown> {
  return await succeed(await whenCalm(async () => await person.request("GET", path)));
}

async function readTargets(url: string): Promise<Target[]> {
  const document = await succeed(await fetch(`${url}/openapi.json`));
  return Object.entries(at(document, "paths")).flatMap(([path, methods]) =>
    Object.entries(Object(methods)).map(([method, operation]) => {
      const body = at(operation, "requestBody", "content", "application/json");
      const examples = Object.values(at(body, "examples"));
      return {
        method: method.toUpperCase(),
        path,
        name: String(Object(operation)["operationId"]),
        example: body["example"] ?? Object(examples[0])["value"] ?? at(body, "schema")["example"],
        parameters: Object.values(at(operation, "parameters")).map((parameter) => String(Object(parameter)["name"])),
      };
    }),
  );
}

/** The object at these names, or an empty one. */
function at(value: unknown, ...names: string[]): Record<string, unknown> {
  return names.reduce<Record<string, unknown>>((found, name) => Object(found[name]), Object(value));
}

async function sessionOf(person: Person): Promise<{ token: string; userId: string }> {
  const answer = at(await succeed(await person.request("GET", "/api/auth/get-session")));
  return { token: textField(answer["session"], "token"), userId: textField(answer["user"], "id") };
}

/** Makes the user a plain member. By the backend, because an invitation wants a verified address to be accepted. */
async function bringIn({ cli }: TestLatchkey, userId: string, organizationId: string): Promise<void> {
  const data = { organizationId, userId, role: "member", createdAt: Date.now() };
  const args = { table: "member", data, origin: { userId: null, request: { id: "test" } } };
  const answer = await fetch(`${cli["CONVEX_SELF_HOSTED_URL"]}/api/mutation`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Convex ${cli["CONVEX_SELF_HOSTED_ADMIN_KEY"]}`,
    },
    body: JSON.stringify({ path: "auth/store:create", args, format: "json" }),
  });
  await succeed(answer);
}

/** What everybody may see of a key: prefix, environment and its public id. */
function publicPart(key: string): string {
  return key.split("_").slice(0, 3).join("_");
}
