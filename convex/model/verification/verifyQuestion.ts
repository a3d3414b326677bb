import { isResource } from "../../shared/allowList.ts";
import { parseAddress } from "../../shared/cidr.ts";
import type { Address } from "../../shared/cidr.ts";
import type { FieldError } from "../../shared/errors.ts";
import { isTag } from "../../shared/limits.ts";
import type { Checked } from "../../shared/limits.ts";
import { parsePermissionExpression } from "../../shared/permissionExpression.ts";
import type { PermissionExpression } from "../../shared/permissionExpression.ts";

/** What is asked about a key, as it arrives. */
export type VerifyInput = {
  key: string;
  permission?: string;
  ip?: string;
  resource?: string;
  license?: string;
  cost?: number;
  tags?: string[];
};

/** The same, understood. What is null was not asked. */
export type VerifyQuestion = {
  key: string;
  permission: PermissionExpression | null;
  ip: Address | null;
  resource: string | null;
  /** The name of a license that the key has to hold. */
  license: string | null;
  /** How much of its limits the call takes. */
  cost: number;
  /** What the use is counted under, beside its operation. */
  tags: string[];
};

/** How long the name of a license may be that is asked for; none is longer. */
export const LICENSE_MAX_LENGTH = 64;

/** How much one call may take from a key's limits, and how many tags it may be counted under, each how long. */
export const COST_MAX = 10_000;
export const TAGS_PER_USE_MAX = 8;
export const USE_TAG_MAX_LENGTH = 64;

/** Reads what is asked, and collects every field that cannot be understood. */
export function readQuestion({ key, permission, ip, resource, license, cost, tags }: VerifyInput): {
  question: VerifyQuestion;
  fields: FieldError[];
} {
  const fields: FieldError[] = [];
  const question = {
    key,
    permission: permission === undefined ? null : take(parsePermissionExpression(permission), "permission", fields),
    ip: ip === undefined ? null : take(readAddress(ip), "ip", fields),
    resource: resource === undefined ? null : take(readResource(resource), "resource", fields),
    license: license === undefined ? null : take(readLicense(license), "license", fields),
    cost: cost === undefined ? 1 : readCost(cost, fields),
    tags: tags === undefined ? [] : readTags(tags, fields),
  };
  return { question, fields };
}

function take<Value>(read: Checked<Value>, path: string, fields: FieldError[]): Value | null {
  if (read.ok) return read.value;
  fields.push({ path, message: read.problem });
  return null;
}

function readAddress(text: string): Checked<Address> {
  const address = parseAddress(text);
  if (address !== null) return { ok: true, value: address };
  return { ok: false, problem: "Write one IPv4 or IPv6 address, without a port." };
}

function readResource(text: string): Checked<string> {
  if (isResource(text)) return { ok: true, value: text };
  return { ok: false, problem: "Write it as type:id, for example project:42." };
}

function readLicense(name: string): Checked<string> {
  if (name.length > 0 && name.length <= LICENSE_MAX_LENGTH) return { ok: true, value: name };
  return { ok: false, problem: `Give a name of 1 to ${LICENSE_MAX_LENGTH} characters.` };
}

function readCost(cost: number, fields: FieldError[]): number {
  if (Number.isSafeInteger(cost) && cost >= 0 && cost <= COST_MAX) return cost;
  fields.push({ path: "cost", message: `Give a whole number from 0 to ${COST_MAX}.` });
  return 1;
}

function readTags(tags: readonly string[], fields: FieldError[]): string[] {
  const kept = [...new Set(tags)];
  if (kept.length <= TAGS_PER_USE_MAX && kept.every((tag) => isTag(tag, USE_TAG_MAX_LENGTH))) return kept;
  fields.push({
    path: "tags",
    message: `Give at most ${TAGS_PER_USE_MAX} tags of 1 to ${USE_TAG_MAX_LENGTH} visible characters.`,
  });
  return [];
}
