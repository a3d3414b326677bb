import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { api, internal } from "../../convex/_generated/api.js";
import { keyStatus } from "../../convex/shared/keyStatus.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";

describe.each(engines)("the demo on $name", (engine) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  test("shows keys of every status to somebody who can sign in, and is made once", async () => {
    const seeded = await deployment.call(internal.demo.seed, {});
    expect(seeded).toMatchObject({ created: true, email: "robin@demo.example" });
    const headers = { "content-type": "application/json", origin: deployment.siteUrl };
    const body = JSON.stringify({ email: seeded.email, password: seeded.password });
    const signedIn = await deployment.fetch("/api/auth/sign-in/email", { method: "POST", headers, body });
    expect(signedIn.status).toBe(200);
    const { user } = z.object({ user: z.object({ id: z.string() }) }).parse(await signedIn.json());

    const [demo] = (await deployment.call(api.organizations.listMine, {}, user.id)) ?? [];
    expect(demo).toMatchObject({ slug: "halden-freight-demo", role: "owner" });
    const organizationId = demo?._id ?? "";
    const paginationOpts = { numItems: 100, cursor: null };
    const list = { organizationId, includeDead: true, paginationOpts };
    const { page } = await deployment.call(api.keys.list, list, user.id);
    const statuses = new Set(page.map((key) => keyStatus(key, Date.now())));
    expect(statuses).toEqual(new Set(["active", "expiring", "disabled", "expired", "revoked"]));
    expect(page.every(({ ownerName }) => ownerName !== null)).toBe(true);
    const keyIds = page.map(({ _id }) => _id);
    const used = await deployment.call(api.usage.lastUsed, { organizationId, keyIds }, user.id);
    expect(used?.filter(({ lastUsedAt }) => lastUsedAt !== null).length).toBeGreaterThan(8);

    const again = await deployment.call(internal.demo.seed, {});
    expect(again).toEqual({ created: false, email: seeded.email, password: null });
    expect((await deployment.call(api.keys.list, list, user.id)).page).toEqual(page);
  });
});
