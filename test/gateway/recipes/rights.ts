import { internal } from "#convex/_generated/api.js";
import { freshName, type Recipes } from "../recipe.ts";
import { textOf, type World } from "../world.ts";

const origin = { userId: null, request: { id: "test" } };

/** A name that others refer to. */
const freshSlug = (what: string) => freshName(what).replaceAll(" ", "-");

async function make(world: World, path: string, body: Record<string, unknown>): Promise<string> {
  return textOf(await world.asOwner("POST", `/api/v1/${path}`, body), "id");
}

// A composite: once there is a permission of its own, a key of the organization can carry no other ones.
const makePermission = async (world: World) =>
  await make(world, "permissions", { name: freshSlug("walked"), includes: ["keys:read"] });
// What these give is nothing that a calling key would have to hold.
const makeRole = async (world: World) => await make(world, "roles", { name: freshSlug("walked"), grants: [] });
const makeGroup = async (world: World) => await make(world, "groups", { name: freshName("walked") });
const makeLicense = async (world: World) => await make(world, "licenses", { name: freshSlug("walked"), seats: 2 });
const makeServiceKey = async (world: World) =>
  (await world.createKey({ name: freshName("walked"), ownerKind: "service" })).id;

async function makeMember(world: World, role: string): Promise<string> {
  const name = freshName("walked");
  const at = { createdAt: Date.now(), updatedAt: Date.now() };
  const user = { name, email: `${freshSlug("walked")}@example.com`, emailVerified: false, ...at };
  const { store } = internal.auth;
  const { _id } = await world.deployment.call(store.create, { table: "user", data: user, origin });
  const data = { organizationId: world.organizationId, userId: _id, role, createdAt: Date.now() };
  await world.deployment.call(store.create, { table: "member", data, origin });
  return _id;
}

export const recipes: Recipes = {
  "permissions.list": { needs: ["permissions:read"], input: async () => ({ limit: 3 }) },
  "permissions.create": {
    needs: ["permissions:manage"],
    input: async () => ({ name: freshSlug("walked"), includes: ["permissions:manage"] }),
  },
  "permissions.get": {
    needs: ["permissions:read"],
    input: async (world) => ({ permissionId: await makePermission(world) }),
  },
  "permissions.update": {
    needs: ["permissions:manage"],
    input: async (world) => ({ permissionId: await makePermission(world), description: "walked" }),
  },
  "permissions.delete": {
    needs: ["permissions:manage"],
    input: async (world) => ({ permissionId: await makePermission(world) }),
  },
  "roles.list": { needs: ["roles:read"], input: async () => ({ limit: 3 }) },
  "roles.create": {
    needs: ["roles:manage"],
    input: async () => ({ name: freshSlug("walked"), grants: [{ permission: "roles:manage", scope: "any" }] }),
  },
  "roles.get": { needs: ["roles:read"], input: async (world) => ({ roleId: await makeRole(world) }) },
  "roles.update": {
    needs: ["roles:manage"],
    input: async (world) => ({ roleId: await makeRole(world), grants: [{ permission: "roles:manage", scope: "any" }] }),
  },
  "roles.delete": { needs: ["roles:manage"], input: async (world) => ({ roleId: await makeRole(world) }) },
  "groups.list": { needs: ["groups:read"], input: async () => ({ limit: 3 }) },
  "groups.create": {
    needs: ["groups:manage"],
    input: async () => ({ name: freshName("walked"), permissions: ["groups:manage"] }),
  },
  "groups.get": { needs: ["groups:read"], input: async (world) => ({ groupId: await makeGroup(world) }) },
  "groups.update": {
    needs: ["groups:manage"],
    input: async (world) => ({ groupId: await makeGroup(world), permissions: ["groups:manage"] }),
  },
  "groups.delete": { needs: ["groups:manage"], input: async (world) => ({ groupId: await makeGroup(world) }) },
  "groups.members": { needs: ["groups:read"], input: async (world) => ({ groupId: await makeGroup(world), limit: 3 }) },
  "groups.addMember": {
    needs: ["groups:manage"],
    input: async (world) => ({ groupId: await makeGroup(world), memberId: await makeServiceKey(world) }),
  },
  "groups.removeMember": {
    needs: ["groups:manage"],
    async input(world) {
      const [groupId, memberId] = [await makeGroup(world), await makeServiceKey(world)];
      await world.asOwner("PUT", `/api/v1/groups/${groupId}/members/${memberId}`);
      return { groupId, memberId };
    },
  },
  "licenses.list": { needs: ["licenses:read"], input: async () => ({ limit: 3 }) },
  "licenses.create": { needs: ["licenses:manage"], input: async () => ({ name: freshSlug("walked"), seats: 3 }) },
  "licenses.get": { needs: ["licenses:read"], input: async (world) => ({ licenseId: await makeLicense(world) }) },
  "licenses.update": {
    needs: ["licenses:manage"],
    input: async (world) => ({ licenseId: await makeLicense(world), seats: null, validUntil: 1_900_000_000_000 }),
  },
  "licenses.delete": { needs: ["licenses:manage"], input: async (world) => ({ licenseId: await makeLicense(world) }) },
  "licenses.holders": {
    needs: ["licenses:read"],
    input: async (world) => ({ licenseId: await makeLicense(world), limit: 3 }),
  },
  "licenses.assign": {
    needs: ["licenses:manage"],
    input: async (world) => ({ licenseId: await makeLicense(world), holderId: await makeServiceKey(world) }),
  },
  "licenses.unassign": {
    needs: ["licenses:manage"],
    async input(world) {
      const [licenseId, holderId] = [await makeLicense(world), await makeGroup(world)];
      await world.asOwner("PUT", `/api/v1/licenses/${licenseId}/holders/${holderId}`);
      return { licenseId, holderId };
    },
  },
  "members.list": { needs: ["members:read"], input: async () => ({ limit: 3 }) },
  "members.get": { needs: ["members:read"], input: async (world) => ({ memberId: await makeMember(world, "member") }) },
  "members.update": {
    needs: ["members:manage"],
    input: async (world) => ({ memberId: await makeMember(world, "developer,member"), roles: ["member"] }),
  },
  "members.suspend": {
    needs: ["members:manage"],
    input: async (world) => ({ memberId: await makeMember(world, "member") }),
  },
  "members.unsuspend": {
    needs: ["members:manage"],
    input: async (world) => ({ memberId: await makeMember(world, "member") }),
  },
  "members.delete": {
    needs: ["members:manage"],
    input: async (world) => ({ memberId: await makeMember(world, "member") }),
  },
  "organization.get": { needs: ["organization:read"], input: async () => ({}) },
  "organization.update": { needs: ["organization:update"], input: async () => ({ name: freshName("walked") }) },
};
