import { defineTable } from "convex/server";
import { v } from "convex/values";
import { vGrant } from "../validators.ts";

export const rightsTables = {
  // The organization's own permissions (`includes` absent) and composites, sets of permissions under one name. Once
  // there is one for its own API, a key can only carry those that are here. Written by model/rights/catalogue.ts.
  permissions: defineTable({
    organizationId: v.id("organization"),
    name: v.string(),
    description: v.string(),
    includes: v.optional(v.array(v.string())),
  }).index("by_name", ["organizationId", "name"]),

  // Permissions for its own API that the organization deleted: whoever still carries one does not hold it, at most
  // RETIRED_MAX each. Written by model/rights/catalogue.ts, read with every verification; deleted when defined again.
  retiredPermissions: defineTable({
    organizationId: v.id("organization"),
    name: v.string(),
  }).index("by_name", ["organizationId", "name"]),

  // The organization's own roles, which a membership's text, a group or a service key names. Written by
  // model/rights/roles.ts, read by model/rights/effectiveRights.ts.
  roles: defineTable({
    organizationId: v.id("organization"),
    name: v.string(),
    description: v.string(),
    grants: v.array(vGrant),
  }).index("by_name", ["organizationId", "name"]),

  // What a suspended member was before, to be that again. Written and deleted by model/organizations/memberships.ts.
  suspensions: defineTable({
    organizationId: v.id("organization"),
    userId: v.id("user"),
    role: v.string(),
  }).index("by_user", ["organizationId", "userId"]),

  // Whoever is in a group holds its roles and permissions too. Written by model/rights/groups.ts.
  groups: defineTable({
    organizationId: v.id("organization"),
    name: v.string(),
    description: v.string(),
    roles: v.array(v.string()),
    permissions: v.array(v.string()),
  }).index("by_name", ["organizationId", "name"]),

  // Who is in which group: members and service keys. Deleted with the group, the membership or the key.
  groupMembers: defineTable({
    organizationId: v.id("organization"),
    groupId: v.id("groups"),
    memberType: v.union(v.literal("user"), v.literal("key")),
    // The id of the user or key.
    memberId: v.string(),
  })
    .index("by_member", ["organizationId", "memberId"])
    .index("by_group", ["groupId", "memberId"]),

  // Entitlements that the organization assigns to keys and groups. Written by model/rights/licenses.ts.
  licenses: defineTable({
    organizationId: v.id("organization"),
    name: v.string(),
    description: v.string(),
    // How many assignments there may be; null for any number.
    seats: v.union(v.number(), v.null()),
    validFrom: v.union(v.number(), v.null()),
    validUntil: v.union(v.number(), v.null()),
  }).index("by_name", ["organizationId", "name"]),

  // Who holds a license: each row takes a seat. Deleted with the license, the group or the key.
  licenseHolders: defineTable({
    organizationId: v.id("organization"),
    licenseId: v.id("licenses"),
    holderType: v.union(v.literal("key"), v.literal("group")),
    holderId: v.string(),
  })
    .index("by_holder", ["organizationId", "holderId"])
    .index("by_license", ["licenseId", "holderId"]),
};
