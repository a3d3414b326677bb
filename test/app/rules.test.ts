import { describe, expect, test } from "vitest";

import { EXPIRING_WITHIN_MS, keyStatus } from "#convex/shared/keyStatus.ts";
import { grantsOf } from "#convex/shared/roles.ts";

import { readAbout } from "../../app/features/keys/about-fields.tsx";
import { DAY_MS, lastDate, toExpiresAt } from "../../app/features/keys/expiry.ts";
import { firstSight, nextSight } from "../../app/features/keys/held-keys.ts";
import { actionsFor } from "../../app/features/keys/key-actions.ts";
import { readDraft } from "../../app/features/keys/permission-picker.tsx";
import { toRateLimit } from "../../app/features/keys/rate-limit-fields.tsx";
import { statusInstants } from "../../app/features/keys/status-instants.ts";
import { readStatuses, wantsDead, writeStatuses } from "../../app/features/keys/statuses.ts";
import { toSlug } from "../../app/features/organizations/slug.ts";
import { toNext } from "../../app/lib/next-page.ts";
import { nextInstant } from "../../app/lib/now.ts";

const NOW = new Date(2026, 10, 22, 12).getTime();
const key = { ownerKind: "personal" as const, ownerUserId: "ada", expiresAt: NOW + 30 * DAY_MS };

describe("the instants at which a row changes by itself", () => {
  test("are exactly those at which its status does", () => {
    const view = { ...key, previousSecretValidUntil: null };
    for (const instant of statusInstants(view)) {
      expect(keyStatus(view, instant)).not.toBe(keyStatus(view, instant - 1));
    }
    expect(statusInstants(view)).toEqual([view.expiresAt - EXPIRING_WITHIN_MS + 1, view.expiresAt]);
  });

  test("end with its death by disuse, when that comes first", () => {
    const view = { ...key, idleExpiresAt: NOW + DAY_MS, previousSecretValidUntil: NOW + 2 * DAY_MS };
    expect(statusInstants(view)).toEqual([NOW + DAY_MS]);
    expect([keyStatus(view, NOW + DAY_MS - 1), keyStatus(view, NOW + DAY_MS)]).toEqual(["active", "expired"]);
  });

  test("the clock waits for the first that is still to come", () => {
    expect(nextInstant([5, 20, 10], 5)).toBe(10);
    expect(nextInstant([5], 5)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the actions that a key offers", () => {
  const owner = { grants: grantsOf(["owner"]), userId: "grace" };

  test("follow its status", () => {
    expect(actionsFor(key, owner, NOW)).toEqual(["rotate", "disable", "expire", "revoke"]);
    expect(actionsFor({ ...key, disabledAt: NOW }, owner, NOW)).toEqual(["rotate", "enable", "expire", "revoke"]);
    expect(actionsFor(key, owner, key.expiresAt)).toEqual(["revoke", "delete"]);
    expect(actionsFor({ ...key, idleExpiresAt: NOW }, owner, NOW)).toEqual(["revoke", "delete"]);
    expect(actionsFor({ ...key, revokedAt: NOW }, owner, NOW)).toEqual(["delete"]);
  });

  test("E11: do not promise to enable one whose owner is not active", () => {
    const orphan = { ...key, ownerActive: false };
    expect(actionsFor(orphan, owner, NOW)).toEqual(["rotate", "disable", "expire", "revoke"]);
    expect(actionsFor({ ...orphan, disabledAt: NOW }, owner, NOW)).toEqual(["rotate", "expire", "revoke"]);
  });

  test("leave out what the member may not do", () => {
    expect(actionsFor(key, { grants: grantsOf(["member"]), userId: "grace" }, NOW)).toEqual([]);
    expect(actionsFor(key, { grants: grantsOf(["member"]), userId: "ada" }, NOW)).toEqual([
      "disable",
      "expire",
      "revoke",
    ]);
    expect(actionsFor(key, { grants: grantsOf(["suspended"]), userId: "ada" }, NOW)).toEqual(["revoke"]);
  });
});

describe("a chosen expiry", () => {
  test("in days is counted from now", () => {
    expect(toExpiresAt({ kind: "days", days: 30 }, NOW)).toBe(NOW + 30 * DAY_MS);
  });

  test("on a date is the end of that day", () => {
    const end = toExpiresAt({ kind: "date", date: "2026-11-30" }, NOW);
    expect(end).toBe(new Date(2026, 10, 30, 23, 59, 59, 999).getTime());
  });

  test("on the last day that is offered is cut to the longest lifetime", () => {
    expect(toExpiresAt({ kind: "date", date: lastDate(NOW) }, NOW)).toBe(NOW + 365 * DAY_MS);
  });

  test.each(["", "2026-11-21", "2027-11-23", "never"])("of %j is refused", (date) => {
    expect(toExpiresAt({ kind: "date", date }, NOW)).toBeNull();
  });
});

const row = (name: string, _creationTime: number) => ({ _id: name, _creationTime });
const always = () => true;

describe("rows that arrive while someone reads", () => {
  const opened = firstSight([row("b", 2), row("a", 1)]);

  test("wait, and are shown with the others once they are asked for", () => {
    const keys = [row("c", 3), row("b", 2), row("a", 1)];
    expect([...nextSight(opened, keys, always).held]).toEqual(["c"]);
    expect([...firstSight(keys).held]).toEqual([]);
  });

  test("wait on when reading has ended, and are forgotten when they end first", () => {
    const waiting = nextSight(opened, [row("c", 3), row("b", 2)], always);
    expect([...nextSight(waiting, [row("c", 3), row("b", 2)], () => false).held]).toEqual(["c"]);
    expect([...nextSight(waiting, [row("b", 2)], always).held]).toEqual([]);
  });

  test("do not wait when nobody reads, nor above an empty list", () => {
    expect(nextSight(opened, [row("c", 3), row("b", 2)], () => false).held.size).toBe(0);
    expect(nextSight(firstSight([]), [row("c", 3)], always).held.size).toBe(0);
  });

  test("are told from a further page and from an old key that comes back", () => {
    expect(nextSight(opened, [row("b", 2), row("a", 1), row("z", 0)], always).held.size).toBe(0);
  });
});

describe("the statuses in an address", () => {
  test("are read in order, each once, and written back", () => {
    expect(readStatuses("revoked.active.active.frozen")).toEqual(["active", "revoked"]);
    expect(writeStatuses(["active", "revoked"])).toBe("active.revoked");
  });

  test("are absent when none is chosen, which means all", () => {
    expect(readStatuses(undefined)).toEqual([]);
    expect(writeStatuses([])).toBeUndefined();
  });

  test("ask for dead keys only when one of them is theirs", () => {
    expect(wantsDead(["active", "disabled"])).toBe(false);
    expect(wantsDead(["expired"])).toBe(true);
    expect(wantsDead(["revoked"])).toBe(true);
  });
});

describe("what is told of a key beside its name", () => {
  test("splits tags at commas and leaves out empty and repeated ones", () => {
    const { description, tags } = readAbout({ description: " Nightly export ", tags: "ci, nightly,, ci " });
    expect(description).toEqual({ ok: true, value: "Nightly export" });
    expect(tags).toEqual({ ok: true, value: ["ci", "nightly"] });
  });

  test("is refused when it is too long", () => {
    expect(readAbout({ description: "x".repeat(501), tags: "" }).description.ok).toBe(false);
    expect(readAbout({ description: "", tags: "x".repeat(41) }).tags.ok).toBe(false);
  });
});

test("a half-typed permission is told from a finished one and from none", () => {
  expect(readDraft(" ")).toBeNull();
  expect(readDraft("Invoices:Read")).toEqual({ permission: "invoices:read" });
  expect(readDraft("invoices")).toBe("invalid");
  expect(readDraft("keys:frobnicate")).toBe("invalid");
});

test("an empty rate limit sets none, and zero is not one", () => {
  expect(toRateLimit({ limit: "", window: "minute" })).toBeNull();
  expect(toRateLimit({ limit: "600", window: "minute" })).toEqual({ limit: 600, windowMs: 60_000 });
  expect(toRateLimit({ limit: "0", window: "minute" })).toBe("invalid");
});

test("an organization's address is made of its name", () => {
  expect(toSlug("Acme & Söhne GmbH ")).toBe("acme-sohne-gmbh");
  expect(toSlug("株式会社")).toBe("");
});

test.each(["//evil.example", String.raw`/\evil.example`, "https://evil.example", "keys", 7])(
  "%j is no page to go to after signing in",
  (next) => expect(toNext(next)).toEqual({}),
);

test("a page of ours is", () => {
  expect(toNext("/o/acme/keys?q=ci")).toEqual({ next: "/o/acme/keys?q=ci" });
});
