import { describe, expect, test } from "vitest";
import {
  PERMISSIONS,
  RESERVED_RESOURCES,
  beyondGranted,
  beyondRoles,
  covers,
  isPermission,
  limitToRoles,
  mayActOnKey,
  roleAllows,
  rolesOf,
  scopeOf,
} from "../../../convex/shared/permissions.ts";

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
    "policy:read",
    "policy:*",
    " orders:read",
    `${"a".repeat(33)}:b`,
  ])("%j is none", (text) => expect(isPermission(text)).toBe(false));

  test("every one of Latchkey's own belongs to a reserved resource", () => {
    for (const permission of Object.keys(PERMISSIONS)) {
      expect(RESERVED_RESOURCES.has(permission.split(":")[0] ?? "")).toBe(true);
      expect(isPermission(permission)).toBe(true);
    }
  });

  test("a wildcard covers its resource and nothing else", () => {
    expect(covers(["orders:*"], "orders:read")).toBe(true);
    expect(covers(["orders:read"], "orders:read")).toBe(true);
    expect(covers(["orders:read"], "orders:write")).toBe(false);
    expect(covers(["orders:*"], "orders2:read")).toBe(false);
    expect(covers(["order:*"], "orders:read")).toBe(false);
    expect(covers([], "orders:read")).toBe(false);
  });

  test("several roles add up, unknown ones give nothing", () => {
    expect(rolesOf("developer, admin,wizard")).toEqual(["developer", "admin"]);
    expect(scopeOf(rolesOf("member,developer"), "keys:create")).toBe("own");
    expect(scopeOf(rolesOf("developer,admin"), "keys:create")).toBe("any");
    expect(scopeOf(rolesOf("wizard"), "keys:read")).toBeNull();
    expect(scopeOf(rolesOf("suspended"), "orders:read")).toBeNull();
    expect(scopeOf(["owner"], "policy:read")).toBeNull();
  });

  test("a personal key is cut to what its owner's roles hold", () => {
    expect(limitToRoles(["orders:*", "keys:*", "audit:read"], ["admin"])).toEqual(["orders:*", "keys:*", "audit:read"]);
    expect(limitToRoles(["orders:*", "audit:read", "members:*"], ["developer"])).toEqual(["orders:*", "members:read"]);
    expect(limitToRoles(["orders:*", "orders:read", "orders:write", "keys:create"], ["member"])).toEqual([
      "orders:read",
    ]);
    expect(limitToRoles(["keys:*"], ["member"])).toEqual(["keys:read", "keys:disable", "keys:expire", "keys:revoke"]);
    expect(limitToRoles(["orders:read"], ["suspended"])).toEqual([]);
    expect(limitToRoles(["orders:read"], [])).toEqual([]);
  });

  test("nobody grants what they do not hold", () => {
    expect(beyondRoles(["orders:*", "keys:*", "audit:read"], ["developer"], "own")).toEqual(["audit:read"]);
    expect(beyondRoles(["keys:create", "keys:verify"], ["developer"], "any")).toEqual(["keys:create"]);
    expect(beyondRoles(["orders:read", "orders:*"], ["member"], "own")).toEqual(["orders:*"]);
    expect(beyondGranted(["orders:read", "stock:read"], ["orders:*"])).toEqual(["stock:read"]);
    expect(beyondGranted(["orders:*"], ["orders:read", "orders:write"])).toEqual(["orders:*"]);
    const everyKeyPermission = Object.keys(PERMISSIONS).filter((permission) => permission.startsWith("keys:"));
    expect(beyondGranted(["keys:*"], everyKeyPermission)).toEqual([]);
    expect(beyondGranted(["keys:*"], everyKeyPermission.slice(1))).toEqual(["keys:*"]);
  });

  test("a person may always revoke their own personal key, and only revoke", () => {
    const own = { ownerKind: "personal", ownerUserId: "me" } as const;
    expect(mayActOnKey("", "revoke", own, "me")).toBe(true);
    expect(mayActOnKey("suspended", "revoke", own, "me")).toBe(true);
    expect(mayActOnKey("suspended", "read", own, "me")).toBe(false);
    expect(mayActOnKey("suspended", "revoke", { ...own, ownerKind: "service" }, "me")).toBe(false);
    expect(mayActOnKey("member", "revoke", own, "you")).toBe(false);
    expect(roleAllows("developer", "keys:revoke", false)).toBe(false);
    expect(roleAllows("admin", "keys:revoke", false)).toBe(true);
  });
});
