import type { FunctionArgs } from "convex/server";
import { api, internal } from "../../convex/_generated/api.js";
import type { Id, TableNames } from "../../convex/_generated/dataModel.js";
import type { Caller } from "../../convex/model/rights/callers.ts";
import { judge } from "../../convex/model/verification/judgement.ts";
import { parseKeyState } from "../../convex/model/verification/keyStates.ts";
import type { KeySnapshot, KeyView } from "../../convex/model/keys/views.ts";
import type { NewKey } from "../../convex/model/keys/newKeys.ts";
import { parseAddress } from "../../convex/shared/cidr.ts";
import { toErrorData } from "../../convex/shared/errors.ts";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import type { Role } from "../../convex/shared/roles.ts";
import type { Deployment } from "./engines.ts";

export interface Person {
  readonly userId: Id<"user">;
  readonly caller: Extract<Caller, { type: "user" }>;
}

/** An organization with people in it, made without signing anyone up. */
export interface Organization {
  readonly organizationId: Id<"organization">;
  join(role: Role): Promise<Person>;
  /** Changes the role of a member, or removes it. */
  setRole(person: Person, role: Role | null): Promise<void>;
}

const origin = { userId: null, request: { id: "test" } };
let counter = 0;

export async function createOrganization(deployment: Deployment): Promise<Organization> {
  counter += 1;
  const organization = await deployment.call(internal.auth.store.create, {
    table: "organization",
    data: { name: `Organization ${counter}`, slug: `organization-${counter}`, createdAt: Date.now() },
    origin,
  });
  const organizationId = toId<"organization">(organization._id);
  const membership = (userId: string) => [
    { field: "organizationId", value: organizationId, operator: "eq" as const, ...AND },
    { field: "userId", value: userId, operator: "eq" as const, ...AND },
  ];
  return {
    organizationId,
    async join(role) {
      counter += 1;
      const now = Date.now();
      const user = await deployment.call(internal.auth.store.create, {
        table: "user",
        data: {
          name: `${role} ${counter}`,
          email: `${role}${counter}@example.com`,
          emailVerified: false,
          createdAt: now,
          updatedAt: now,
        },
        origin,
      });
      const data = { organizationId, userId: user._id, role, createdAt: now };
      await deployment.call(internal.auth.store.create, { table: "member", data, origin });
      const request = { id: "request-1", ip: "192.0.2.7", agent: "a test" };
      const userId = toId<"user">(user._id);
      return { userId, caller: { type: "user", userId, organizationId, request } };
    },
    async setRole(person, role) {
      const target = { table: "member" as const, where: membership(person.userId), only: "first" as const, origin };
      if (role === null) await deployment.call(internal.auth.store.remove, target);
      else await deployment.call(internal.auth.store.update, { ...target, data: { role } });
    },
  };
}

export const AND = { connector: "AND", mode: "sensitive" } as const;

export async function createKey(
  deployment: Deployment,
  caller: Caller,
  input: Partial<NewKey> = {},
): Promise<{ key: string; record: KeySnapshot; as: Extract<Caller, { type: "key" }> }> {
  counter += 1;
  const revealed = await deployment.call(internal.credentials.create, {
    caller,
    input: { name: `key ${counter}`, ...input },
  });
  const { organizationId, request } = caller;
  return { ...revealed, as: { type: "key", keyId: revealed.record._id, organizationId, request } };
}

export async function verify(deployment: Deployment, key: string) {
  const state = await deployment.call(internal.verification.stateByHash, { hash: sha256Base64Url(key) });
  return state === null ? null : parseKeyState(state);
}

/** What a verification would say of a key now, from an address; null when there is no such key. */
export async function verdictOn(deployment: Deployment, key: string, ip: string | null = null): Promise<string | null> {
  const state = await verify(deployment, key);
  if (state === null) return null;
  const lastUsedAt = await deployment.call(internal.usage.lastUse, { usageId: state.usageId });
  const asked = { permission: null, resource: null, license: null, ip: ip === null ? null : parseAddress(ip) };
  return judge(state, asked, { now: Date.now(), lastUsedAt }).code;
}

export async function auditOf(deployment: Deployment, person: Person) {
  const { organizationId } = person.caller;
  const paginationOpts = { numItems: 100, cursor: null };
  return (await deployment.call(api.audit.list, { organizationId, paginationOpts }, person.userId)).page;
}

/** The keys that a person sees in a live list. */
export async function listOf(
  deployment: Deployment,
  person: Person,
  wanted: Partial<FunctionArgs<typeof api.keys.list>> = {},
): Promise<KeyView[]> {
  const args = { organizationId: person.caller.organizationId, includeDead: false, paginationOpts: PAGE, ...wanted };
  return (await deployment.call(api.keys.list, args, person.userId)).page;
}

/** A record as live lists show it: without what changes by use. */
export function toLive({ idleExpiresAt: _ends, lastUse: _last, quotaUse: _used, ...view }: KeySnapshot): KeyView {
  return view;
}

const PAGE = { numItems: 100, cursor: null };

/** The code with which something is refused, or null when it is not. Anything but a refusal is thrown on. */
export async function refusalOf(work: Promise<unknown>): Promise<string | null> {
  return (await refusalDataOf(work))?.code ?? null;
}

/** The whole refusal: code, message, fields. */
export async function refusalDataOf(work: Promise<unknown>) {
  try {
    await work;
    return null;
  } catch (thrown) {
    const data = toErrorData(thrown);
    if (data === null) throw thrown;
    return data;
  }
}

/** Waits for the clock to pass a moment; only for the few tests that are about time passing. */
export async function reach(moment: number): Promise<void> {
  while (Date.now() < moment) await new Promise((resolve) => setTimeout(resolve, moment - Date.now()));
}

// The store answers rows of any table, so their ids come without the table's name.
function toId<Table extends TableNames>(text: string): Id<Table> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return text as Id<Table>;
}
