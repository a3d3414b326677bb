import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { permissionsIn, isSatisfied } from "../../shared/permissionExpression.ts";
import { COMPOSITE_PATTERN, covers, scopeOf } from "../../shared/permissions.ts";
import type { Grant } from "../../shared/permissions.ts";
import { isSuspended, roleNamesOf } from "../../shared/roles.ts";
import type { ResolvedCaller } from "./callers.ts";
import { expand, grantsFrom, grantsOfMember, groupsOf } from "./effectiveRights.ts";
import type { ResourcePermissions } from "./effectiveRights.ts";
import {
  holdsLicense,
  isAllowedFrom,
  isAllowedOn,
  isLicenseValid,
  isPermitted,
  refusalOf,
} from "../verification/judgement.ts";
import type { Asked, Refusal } from "../verification/judgement.ts";
import { readKeyState } from "../verification/keyStates.ts";
import type { KeyState } from "../verification/keyStates.ts";
import { getMember } from "../organizations/members.ts";

/** The rules in the order in which verification asks them. Limits are left out: asking them would spend them. */
export const RULES = ["status", "address", "resource", "license", "permission"] as const;
export type RuleName = (typeof RULES)[number];

/** What one rule says; `asked` is false when neither the key nor the question gave it anything to decide. */
export type Rule = { rule: RuleName; passes: boolean; asked: boolean; detail: string };

/** Where one permission comes from, and what takes it away again. */
export type Source = { permission: string; held: boolean; givenBy: string[]; limitedBy: string | null };

/** All that somebody may do now, and what they are in that gives it. */
export type Rights = {
  permissions: string[];
  resourcePermissions: ResourcePermissions;
  licenses: string[];
  roles: string[];
  groups: { id: string; name: string }[];
};

/** Whether a call would pass, the first rule by which it does not, what every rule says, and all rights there are. */
export type Explanation = {
  passes: boolean;
  decidedBy: RuleName | null;
  rules: Rule[];
  permissions: Source[];
  rights: Rights;
};

/**
 * What verification would say to this question at `now` (epoch milliseconds), its newest secret being shown, and why.
 * `narrowed` is what it may do where that is less than the key's rights.
 */
export async function explainKey(
  ctx: QueryCtx,
  key: Doc<"keys">,
  asked: Asked,
  now: number,
  narrowed: Partial<Pick<KeyState, "permissions" | "resourcePermissions">> = {},
): Promise<Explanation> {
  const [newest] = key.secrets;
  if (newest === undefined) throw new Error("A key without a secret");
  const state = { ...(await readKeyState(ctx, key, newest)), ...narrowed };
  const usage = state.idleExpiryMs === null ? null : await ctx.db.get("keyUsage", key.usageId);
  const refusal = refusalOf(state, { now, lastUsedAt: usage?.lastUsedAt ?? null });
  const { permission, ip, resource, license } = asked;
  const rules: Rule[] = [
    { rule: "status", passes: refusal === null, asked: true, detail: describeStatus(state, refusal) },
    {
      rule: "address",
      passes: isAllowedFrom(state, ip),
      asked: state.cidrs.length > 0,
      detail: describeAddress(state),
    },
    {
      rule: "resource",
      passes: isAllowedOn(state, resource),
      asked: state.allowList !== null,
      detail: describeResource(state),
    },
    {
      rule: "license",
      passes: license === null || holdsLicense(state, license, now),
      asked: license !== null,
      detail: list(
        "Holds the licenses",
        state.licenses.map(({ name }) => name),
      ),
    },
    {
      rule: "permission",
      passes: isPermitted(state, asked),
      asked: permission !== null,
      detail: list("May do", state.permissions),
    },
  ];
  const sources = await Promise.all(
    permissionsOf(asked).map(async (single): Promise<Source> => {
      const { givenBy, limitedBy } = await sourceOf(ctx, key, { permission: single, resource });
      const held = isPermitted(state, { ...asked, permission: { type: "permission", permission: single } });
      const isCut = !held && givenBy.length > 0;
      return { permission: single, held, givenBy, limitedBy: limitedBy ?? (isCut ? describeCut(state) : null) };
    }),
  );
  // A personal key has its rights through its owner, who is in the groups.
  const holderId = key.ownerKind === "service" ? key._id : key.ownerUserId;
  return conclude(rules, sources, {
    permissions: state.permissions,
    resourcePermissions: state.resourcePermissions,
    licenses: state.licenses.filter((one) => isLicenseValid(one, now)).map(({ name }) => name),
    roles: key.roles ?? [],
    groups: state.ownerActive ? await namesOfGroups(ctx, key.organizationId, holderId) : [],
  });
}

/** The same for a signed-in person, whom no address, resource or license binds. */
export async function explainPerson(ctx: QueryCtx, caller: ResolvedCaller, asked: Asked): Promise<Explanation> {
  const { organizationId, userId, roleText, grants } = caller;
  const active = roleText !== "" && !isSuspended(roleText);
  const holds = (permission: string) => scopeOf(grants, permission) !== null;
  const rules: Rule[] = [
    {
      rule: "status",
      passes: active,
      asked: true,
      detail: active ? `A member as ${roleText}.` : "Not a member of this organization now, or suspended.",
    },
    {
      rule: "permission",
      passes: asked.permission === null || isSatisfied(asked.permission, holds),
      asked: asked.permission !== null,
      detail: list("May do", [...new Set(grants.map(({ permission }) => permission))]),
    },
  ];
  const permissions = await Promise.all(
    permissionsOf(asked).map(async (permission) => ({
      permission,
      held: holds(permission),
      givenBy: await giversOf(ctx, organizationId, {
        holderId: userId,
        roles: roleNamesOf(roleText),
        gives: (given) => scopeOf(given, permission) !== null,
      }),
      limitedBy: scopeOf(grants, permission) === "own" ? "Holds on their own personal keys only." : null,
    })),
  );
  return conclude(rules, permissions, {
    permissions: [...new Set(grants.map(({ permission }) => permission))],
    resourcePermissions: [],
    licenses: [],
    roles: roleNamesOf(roleText),
    groups: active ? await namesOfGroups(ctx, organizationId, userId) : [],
  });
}

function conclude(rules: Rule[], permissions: Source[], rights: Rights): Explanation {
  const refusing = rules.find(({ passes }) => !passes);
  return { passes: refusing === undefined, decidedBy: refusing?.rule ?? null, rules, permissions, rights };
}

async function namesOfGroups(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  holderId: string,
): Promise<Rights["groups"]> {
  return (await groupsOf(ctx, organizationId, holderId)).map(({ _id, name }) => ({ id: _id, name }));
}

function permissionsOf({ permission }: Asked): string[] {
  return permission === null ? [] : permissionsIn(permission);
}

/** What gives a key one permission, and whether its owner takes it away again. */
async function sourceOf(
  ctx: QueryCtx,
  key: Doc<"keys">,
  { permission, resource }: { permission: string; resource: string | null },
): Promise<{ givenBy: string[]; limitedBy: string | null }> {
  const { organizationId } = key;
  const givenBy: string[] = [];
  for (const name of key.permissions) {
    if (!covers(await expand(ctx, organizationId, [name]), permission)) continue;
    givenBy.push(COMPOSITE_PATTERN.test(name) ? `the composite ${name}` : `its permission ${name}`);
  }
  if (key.ownerKind === "personal") {
    const member = await getMember(ctx, organizationId, key.ownerUserId);
    const held = scopeOf(await grantsOfMember(ctx, member), permission) !== null;
    return { givenBy, limitedBy: held || givenBy.length === 0 ? null : "Its owner does not hold it now." };
  }
  // As in its rights: what is granted on one's own keys gives a service key nothing.
  const gives = (grants: readonly Grant[]) => {
    const given = grants.filter(({ scope }) => scope === "any").map((grant) => grant.permission);
    return covers(given, permission);
  };
  givenBy.push(...(await giversOf(ctx, organizationId, { holderId: key._id, roles: key.roles ?? [], gives })));
  for (const entry of key.resourcePermissions ?? []) {
    if (entry.resource === resource && covers(await expand(ctx, organizationId, entry.permissions), permission)) {
      givenBy.push(`its permissions on ${entry.resource}`);
    }
  }
  return { givenBy, limitedBy: null };
}

/** The roles and groups of a holder whose grants give something. */
async function giversOf(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  holder: { holderId: string; roles: readonly string[]; gives: (grants: readonly Grant[]) => boolean },
): Promise<string[]> {
  const gives = async (from: { roles: readonly string[]; groups: Doc<"groups">[] }) =>
    holder.gives(await grantsFrom(ctx, organizationId, { ...from, permissions: [] }));
  const givenBy: string[] = [];
  for (const role of holder.roles) if (await gives({ roles: [role], groups: [] })) givenBy.push(`the role ${role}`);
  for (const group of await groupsOf(ctx, organizationId, holder.holderId)) {
    if (await gives({ roles: [], groups: [group] })) givenBy.push(`the group ${group.name}`);
  }
  return givenBy;
}

/** What takes away what something gives, its owner aside. */
function describeCut({ allowList }: KeyState): string {
  return allowList?.length === 0 ? "Its allow list is empty: it may touch nothing." : "This token does not carry it.";
}

const REFUSALS: Record<Refusal, string> = {
  REVOKED: "It has been revoked.",
  EXPIRED: "It has expired, by its date, the policy or disuse.",
  DISABLED: "It is disabled.",
  NOT_YET_VALID: "It is not valid yet.",
};

function describeStatus({ ownerActive, disabledAt }: KeyState, refusal: Refusal | null): string {
  if (refusal === "DISABLED" && disabledAt === null && !ownerActive) {
    return "Its owner has left, is suspended or holds no role.";
  }
  return refusal === null ? "It is good." : REFUSALS[refusal];
}

function describeAddress({ cidrs }: KeyState): string {
  if (cidrs.length === 0) return "May be used from anywhere.";
  return `May be used from ${cidrs.map((ranges) => ranges.join(", ")).join("; and of these from ")} only.`;
}

function describeResource({ allowList }: KeyState): string {
  return allowList === null ? "May touch every resource." : list("May touch", allowList);
}

function list(start: string, items: readonly string[]): string {
  return items.length === 0 ? `${start}: nothing.` : `${start}: ${items.join(", ")}.`;
}
