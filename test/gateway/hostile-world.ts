import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveStaticFiles } from "../../server/static-files.ts";
import { startTestLatchkey } from "../helpers/latchkey.ts";
import { createKey, createOrganization, signUp, succeed, textField } from "../helpers/person.ts";
import type { Person } from "../helpers/person.ts";
import type { Arsenal, Target } from "./hostile-arsenal.ts";
import type { HostileRequest } from "./hostile-requests.ts";
import { judge } from "./hostile-verdict.ts";
import type { RawAnswer } from "./raw-exchange.ts";

/** The running product with an organization that is attacked, and with who attacks it. */
export type HostileWorld = AsyncDisposable & {
  url: string;
  arsenal: Arsenal;
  /** Everything that the victim sees of its own organization. */
  victim(): Promise<unknown>;
  /** The status that each of the attacker's own, untouched credentials still gets. */
  stillServes(): Promise<Record<string, number>>;
  /** What is wrong with an answer; null when nothing is. */
  judge(request: HostileRequest, answer: RawAnswer): string | null;
};

export async function openHostileWorld(): Promise<HostileWorld> {
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
  await bringIn(bob, mallory);
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
      if (leavers.includes(people.mallory.userId)) await bringIn(bob, mallory);
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

/** Makes the person a plain member of the host's organization. */
async function bringIn(host: Person, person: Person): Promise<void> {
  const body = { email: person.email, roles: ["member"] };
  const invite = async () => await host.request("POST", "/api/v1/invitations", body);
  const secret = textField(await succeed(await whenCalm(invite)), "secret");
  await succeed(await whenCalm(async () => await person.request("POST", "/api/v1/invitations/accept", { secret })));
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

/** What everybody may see of a key: prefix, environment and its public id. */
function publicPart(key: string): string {
  return key.split("_").slice(0, 3).join("_");
}
