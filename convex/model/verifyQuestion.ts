import { isResource } from "../shared/allowList.ts";
import { parseAddress } from "../shared/cidr.ts";
import type { Address } from "../shared/cidr.ts";
import type { FieldError } from "../shared/errors.ts";
import type { Checked } from "../shared/limits.ts";
import { parsePermissionExpression } from "../shared/permissionExpression.ts";
import type { PermissionExpression } from "../shared/permissionExpression.ts";

/** What is asked about a key, as it arrives. */
export type VerifyInput = { key: string; permission?: string; ip?: string; resource?: string };

/** The same, understood. What is null was not asked. */
export type VerifyQuestion = {
  key: string;
  permission: PermissionExpression | null;
  ip: Address | null;
  resource: string | null;
};

/** Reads what is asked, and collects every field that cannot be understood. */
export function readQuestion({ key, permission, ip, resource }: VerifyInput): {
  question: VerifyQuestion;
  fields: FieldError[];
} {
  const fields: FieldError[] = [];
  function read<Value>(path: string, text: string | undefined, parse: (text: string) => Checked<Value>): Value | null {
    if (text === undefined) return null;
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    fields.push({ path, message: parsed.problem });
    return null;
  }
  const question = {
    key,
    permission: read("permission", permission, parsePermissionExpression),
    ip: read("ip", ip, readAddress),
    resource: read("resource", resource, readResource),
  };
  return { question, fields };
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
