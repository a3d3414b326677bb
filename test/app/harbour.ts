/// <reference types="node" />
import type { Browser, Page, Request } from "playwright-core";

import { runAsAdmin } from "../../server/deployment-admin.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { startTestLatchkey, type TestLatchkey } from "../helpers/latchkey.ts";
import { createKey, createOrganization, signUp, succeed, textField, type Person } from "../helpers/person.ts";

export const DAY_MS = 24 * 60 * 60 * 1000;
/** The keys of the organization that all visitors but the mourner and the newcomer belong to. */
export const KEYS = "/o/harbour/keys";

const DESK = { width: 1280, height: 800 };

/** By whom a screen may be seen. The mourner has an organization of dead keys, the newcomer none. */
export type Visitor = "nobody" | "owner" | "newcomer" | "member" | "suspended" | "mourner";

export type VisitOptions = {
  who?: Visitor;
  colorScheme?: "light" | "dark";
  viewport?: { width: number; height: number };
  /** A browser of its own, whose clock the test may move. */
  ownClock?: boolean;
};

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Requests to any origin but ours. */
  readonly outside: readonly string[];
}

/** The running product, a browser, and people who have something to see. */
export class Harbour implements AsyncDisposable {
  readonly url: string;
  readonly owner: Person;
  readonly #people: Readonly<Record<Visitor, Person | null>>;
  readonly #latchkey: TestLatchkey;
  readonly #browser: Browser;
  readonly #pages = new Map<Person | null, Page>();

  private constructor(
    latchkey: TestLatchkey,
    browser: Browser,
    people: Record<Visitor, Person | null> & { owner: Person },
  ) {
    this.url = latchkey.url;
    this.owner = people.owner;
    this.#people = people;
    this.#latchkey = latchkey;
    this.#browser = browser;
  }

  static async open(): Promise<Harbour> {
    const latchkey = await startTestLatchkey({ dashboard: true });
    const browser = await launchChromium();
    const owner = await signUp(latchkey.url, "Ada");
    const organizationId = await createOrganization(owner, "harbour");
    const mourner = await signUp(latchkey.url, "Mourner");
    await createOrganization(mourner, "graveyard");
    await revoke(mourner, (await createKey(mourner, { name: "Buried" })).id);
    await createKey(owner, { name: "Crane control", permissions: ["keys:verify", "cranes:read", "cranes:write"] });
    await createKey(owner, { name: "Tide table", expiresAt: Date.now() + 3 * DAY_MS, ownerKind: "service" });
    await revoke(owner, (await createKey(owner, { name: "Old laptop" })).id, "Lost on a train");
    return new Harbour(latchkey, browser, {
      nobody: null,
      owner,
      newcomer: await signUp(latchkey.url, "Newcomer"),
      member: await join(latchkey, organizationId, "member"),
      suspended: await join(latchkey, organizationId, "suspended"),
      mourner,
    });
  }

  /** A page at the path, seen by the owner unless told. */
  async visit(
    path: string,
    { who = "owner", colorScheme = "light", viewport = DESK, ownClock = false }: VisitOptions = {},
  ): Promise<Visit> {
    const visitor = this.#people[who];
    const page = ownClock ? await this.#openPage(visitor) : await this.#pageOf(visitor);
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const outside: string[] = [];
    const note = (request: Request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== this.url) outside.push(request.url());
    };
    page.on("request", note);
    await page.goto(this.url + path);
    return {
      page,
      outside,
      async [Symbol.asyncDispose]() {
        if (ownClock) return await page.context().close();
        page.off("request", note);
        // What is below the pointer is drawn, and says, something else.
        await page.mouse.move(-1, -1);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#latchkey[Symbol.asyncDispose]();
  }

  /** The one page of a visitor, which goes from screen to screen: in a new one, the dashboard takes thrice the time to be there. */
  async #pageOf(visitor: Person | null): Promise<Page> {
    const page = this.#pages.get(visitor) ?? (await this.#openPage(visitor));
    this.#pages.set(visitor, page);
    return page;
  }

  async #openPage(visitor: Person | null): Promise<Page> {
    const context = await this.#browser.newContext({ reducedMotion: "reduce" });
    // No screen finds what another one has noted.
    await context.addInitScript("localStorage.clear()");
    if (visitor !== null) await context.addCookies(toCookies(visitor.cookie, this.url));
    return await context.newPage();
  }
}

async function revoke(person: Person, keyId: string, reason?: string): Promise<void> {
  await succeed(await person.request("POST", `/api/v1/keys/${keyId}/revoke`, { reason }));
}

function toCookies(header: string, url: string) {
  return header.split("; ").map((pair) => {
    const equals = pair.indexOf("=");
    return { name: pair.slice(0, equals), value: pair.slice(equals + 1), url };
  });
}

/** Signs a new person up and puts it into the organization with any role, also one that nobody is invited to. */
async function join({ url, cli }: TestLatchkey, organizationId: string, role: string): Promise<Person> {
  const joining = await signUp(url, role);
  const session = Object(await succeed(await joining.request("GET", "/api/auth/get-session")));
  const { CONVEX_SELF_HOSTED_URL: cloudUrl = "", CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey = "" } = cli;
  const data = { organizationId, userId: textField(session.user, "id"), role, createdAt: Date.now() };
  const create = { table: "member", data, origin: { userId: null, request: { id: "test" } } };
  await runAsAdmin({ cloudUrl: new URL(cloudUrl), adminKey }, "mutation", "auth/store:create", create);
  return joining;
}
