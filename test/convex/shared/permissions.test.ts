import { describe, expect, test } from "vitest";
import {
  PERMISSIONS,
  RESERVED_RESOURCES,
  beyondGranted,
  beyondGrants,
  covers,
  grantsAllow,
  isGrantable,
  isPermission,
  limitToGrants,
  mayActOnKey,
  scopeOf,
} from "../../../convex/shared/permissions.ts";
import { grantsOf, isSuspended, roleNamesOf, rolesOf } from "../../../convex/shared/roles.ts";
import type { Role } from "../../../convex/shared/roles.ts";

const hold = (...roles: Role[]) => grantsOf(roles);

describe("permissions", () => {
  test.each(["orders:read", "orders:*", "a:b", "my-api:do-it", "keys:create", "keys:*", "audit:read"])(
    "%s is one",
    (text) => {
      expect(isPermission(text)).toBe(true);
    },
  );

  test.each([
    "",
    "orders",
    "orders:",
    ":read",
    "*:*",
    "*:read",
    "Orders:read",
    "orders:Read",
    "a:b:c",
    "keys:fly",
    "policy:fly",
    "token:read",
    "token:*",
    " orders:read",
    `${"a".repeat(33)}:b`,
  ])("H11: %j is none", (text) => expect(isPermission(text)).toBe(false));

  test("every one of Latchkey's own belongs to a reserved resource", () => {
    for (const permission of Object.keys(PERMISSIONS)) {
      expect(RESERVED_RESOURCES.has(permission.split(":")[0] ?? "")).toBe(true);
      expect(isPermission(permission)).toBe(true);
    }
  });

  test("C5: a wildcard covers its resource and nothing else", () => {
    expect(covers(["orders:*"], "orders:read")).toBe(true);
    expect(covers(["orders:read"], "orders:read")).toBe(true);
    expect(covers(["orders:read"], "orders:write")).toBe(false);
    expect(covers(["orders:*"], "orders2:read")).toBe(false);
    expect(covers(["order:*"], "orders:read")).toBe(false);
    expect(covers([], "orders:read")).toBe(false);
  });

  test("several roles add up, unknown ones give nothing", () => {
    expect(rolesOf("developer, admin,wizard")).toEqual(["developer", "admin"]);
    expect(scopeOf(grantsOf(rolesOf("member,developer")), "keys:create")).toBe("own");
    expect(scopeOf(grantsOf(rolesOf("developer,admin")), "keys:create")).toBe("any");
    expect(scopeOf(grantsOf(rolesOf("wizard")), "keys:read")).toBeNull();
    expect(scopeOf(grantsOf(rolesOf("suspended")), "orders:read")).toBeNull();
    expect(scopeOf(hold("owner"), "token:read")).toBeNull();
    expect(roleNamesOf("auditor, ,admin")).toEqual(["auditor", "admin"]);
    expect(isSuspended("suspended")).toBe(true);
    expect(isSuspended("suspended,auditor")).toBe(false);
  });

  test("E7 N2: a personal key is cut to what its owner's roles hold", () => {
    expect(limitToGrants(["orders:*", "keys:*", "audit:read"], hold("admin"))).toEqual([
      "orders:*",
      "keys:*",
      "audit:read",
    ]);
    expect(limitToGrants(["orders:*", "audit:read", "members:*"], hold("developer"))).toEqual([
      "orders:*",
      "members:read",
    ]);
    expect(limitToGrants(["orders:*", "orders:read", "orders:write", "keys:create"], hold("member"))).toEqual([
      "orders:read",
    ]);
    expect(limitToGrants(["keys:*"], hold("member"))).toEqual([
      "keys:read",
      "keys:disable",
      "keys:expire",
      "keys:revoke",
    ]);
    expect(limitToGrants(["orders:read"], hold("suspended"))).toEqual([]);
    expect(limitToGrants(["orders:read"], hold())).toEqual([]);
  });

  test("a role's wildcards mean the organization's own API and never Latchkey's", () => {
    expect(isGrantable("*:*")).toBe(true);
    expect(isGrantable("*:read")).toBe(true);
    expect(isGrantable("*:")).toBe(false);
    expect(covers(["*:*"], "orders:write")).toBe(true);
    expect(covers(["*:*"], "orders:*")).toBe(true);
    expect(covers(["*:read"], "orders:read")).toBe(true);
    expect(covers(["*:read"], "orders:*")).toBe(false);
    expect(covers(["*:*", "*:read"], "keys:read")).toBe(false);
    expect(covers(["*:*"], "token:read")).toBe(false);
    const own = [
      { permission: "orders:read", scope: "any" },
      { permission: "*:list", scope: "any" },
    ] as const;
    expect(limitToGrants(["orders:*"], own)).toEqual(["orders:read", "orders:list"]);
  });

  test("E8: nobody grants what they do not hold", () => {
    expect(beyondGrants(["orders:*", "keys:*", "audit:read"], hold("developer"), "own")).toEqual(["audit:read"]);
    expect(beyondGrants(["keys:create", "keys:verify"], hold("developer"), "any")).toEqual(["keys:create"]);
    expect(beyondGrants(["orders:read", "orders:*"], hold("member"), "own")).toEqual(["orders:*"]);
    expect(beyondGranted(["orders:read", "stock:read"], ["orders:*"])).toEqual(["stock:read"]);
    expect(beyondGranted(["orders:*"], ["orders:read", "orders:write"])).toEqual(["orders:*"]);
    const everyKeyPermission = Object.keys(PERMISSIONS).filter((permission) => permission.startsWith("keys:"));
    expect(beyondGranted(["keys:*"], everyKeyPermission)).toEqual([]);
    expect(beyondGranted(["keys:*"], everyKeyPermission.slice(1))).toEqual(["keys:*"]);
  });

  test("H10: a person may always revoke their own personal key, and only revoke", () => {
    const own = { ownerKind: "personal", ownerUserId: "me" } as const;
    expect(mayActOnKey([], "revoke", own, "me")).toBe(true);
    expect(mayActOnKey(hold("suspended"), "revoke", own, "me")).toBe(true);
    expect(mayActOnKey(hold("suspended"), "read", own, "me")).toBe(false);
    expect(mayActOnKey(hold("suspended"), "revoke", { ...own, ownerKind: "service" }, "me")).toBe(false);
    expect(mayActOnKey(hold("member"), "revoke", own, "you")).toBe(false);
    expect(grantsAllow(hold("developer"), "keys:revoke", false)).toBe(false);
    expect(grantsAllow(hold("admin"), "keys:revoke", false)).toBe(true);
  });
});
