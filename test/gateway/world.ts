import type { Deployment, Engine } from "../convex/engines.ts";
import { findDocumented, requireDocumented } from "./document.ts";

/** What a request carries; a body is sent as JSON unless it is text already. */
export type Parts = {
  cookie?: string;
  key?: string;
  headers?: Record<string, string>;
  body?: unknown;
};

export type Answer = { status: number; headers: Headers; body: Body | undefined };
/** The JSON of an answer, of which tests read fields that they then compare. */
export type Body = Record<string, unknown>;

export type Person = { cookie: string; token: string; userId: string };

/** A deployment with an owner of one organization, as seen from outside. */
export type World = AsyncDisposable & {
  deployment: Deployment;
  site: string;
  owner: Person;
  organizationId: string;
  /** One HTTP call. Answers of documented operations are held against the document. */
  call(method: string, path: string, parts?: Parts): Promise<Answer>;
  /** A call as the owner's browser makes it. */
  asOwner(method: string, path: string, body?: unknown): Promise<Answer>;
  signUp(name: string): Promise<Person>;
  createOrganization(person: Person, slug: string): Promise<string>;
  createKey(input: Record<string, unknown>): Promise<{ id: string; key: string }>;
};

let counter = 0;

export async function openWorld(engine: Engine): Promise<World> {
  const deployment = await engine.deploy();
  const site = deployment.siteUrl;

  async function call(method: string, path: string, { cookie, key, headers = {}, body }: Parts = {}): Promise<Answer> {
    const response = await deployment.fetch(path, {
      method,
      headers: {
        ...(cookie !== undefined && { cookie, origin: site }),
        ...(key !== undefined && { "x-api-key": key }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = {
      status: response.status,
      headers: response.headers,
      body: text === "" || !isJson(response) ? undefined : JSON.parse(text),
    };
    const { pathname } = new URL(path, site);
    const operation = findDocumented(method, pathname);
    if (operation !== undefined) requireDocumented(operation, { ...answer, body: answer.body ?? (text || undefined) });
    return answer;
  }

  async function signUp(name: string): Promise<Person> {
    counter += 1;
    const email = `${name.toLowerCase()}-${process.pid}-${counter}@example.com`;
    const response = await deployment.fetch("/api/auth/sign-up/email", {
      method: "POST",
      headers: { "content-type": "application/json", origin: site },
      body: JSON.stringify({ name, email, password: "correct horse battery" }),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(`sign-up answers ${response.status} ${JSON.stringify(body)}`);
    const cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    return { cookie, token: body.token, userId: body.user.id };
  }

  async function createOrganization(person: Person, slug: string): Promise<string> {
    const answer = await call("POST", "/api/auth/organization/create", {
      cookie: person.cookie,
      body: { name: slug, slug },
    });
    if (answer.status !== 200)
      throw new Error(`create organization answers ${answer.status} ${JSON.stringify(answer.body)}`);
    return textOf(answer, "id");
  }

  const owner = await signUp("Ada");
  const organizationId = await createOrganization(owner, `acme-${process.pid}-${counter}`);
  const asOwner = async (method: string, path: string, body?: unknown) =>
    await call(method, path, {
      cookie: owner.cookie,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body }),
    });

  return {
    deployment,
    site,
    owner,
    organizationId,
    call,
    asOwner,
    signUp,
    createOrganization,
    async createKey(input) {
      const answer = await asOwner("POST", "/api/v1/keys", input);
      if (answer.status !== 201) throw new Error(`create answers ${answer.status} ${JSON.stringify(answer.body)}`);
      return { id: textOf(answer, "id"), key: textOf(answer, "key") };
    },
    [Symbol.asyncDispose]: async () => await deployment[Symbol.asyncDispose](),
  };
}

function isJson(response: Response): boolean {
  return /^application\/(?:problem\+)?json$/.test(response.headers.get("content-type") ?? "");
}

export function textOf(answer: Answer, field: string): string {
  const value = answer.body?.[field];
  if (typeof value !== "string") throw new Error(`no text ${field} in ${JSON.stringify(answer.body)}`);
  return value;
}
