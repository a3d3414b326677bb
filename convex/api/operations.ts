import type { AnyRouter } from "@trpc/server";
import * as z from "zod";
import { remembering } from "../shared/remembering.ts";
import type { OperationMeta } from "./trpc.ts";

/** One procedure of the router, seen as an operation of the REST API. */
export type Operation = {
  /** The path in the router: `keys.create`. */
  name: string;
  type: "query" | "mutation";
  meta: OperationMeta;
  input: z.ZodObject;
  output: z.ZodType;
};

export type Match = { operation: Operation; params: Record<string, string> };

/** Reads the operations out of a router. Throws for a procedure that has no meta or no schemas: it could not be published. */
export function operationsOf(router: AnyRouter): Operation[] {
  // oxlint-disable-next-line no-underscore-dangle -- tRPC has no other way to list a router
  const procedures: Record<string, unknown> = router._def.procedures;
  return Object.entries(procedures).map(([name, procedure]) => toOperation(name, procedure));
}

/**
 * The operation at a method and path, or, when the path exists under other methods only, those. Literal
 * segments win over parameters, so `/keys/verify` is never taken for a key's id.
 */
export function matchOperation(
  operations: Operation[],
  method: string,
  pathname: string,
): Match | { allowed: string[] } | null {
  const given = pathname.split("/");
  const matches = operations
    .flatMap((operation) => {
      const params = matchPath(segmentsOf(operation.meta.path), given);
      return params === null ? [] : [{ operation, params }];
    })
    .toSorted((left, right) => Object.keys(left.params).length - Object.keys(right.params).length);
  const match = matches.find(({ operation }) => operation.meta.method === method);
  if (match !== undefined) return match;
  return matches.length === 0 ? null : { allowed: matches.map(({ operation }) => operation.meta.method) };
}

/** The names in a path's braces. */
export function pathFields(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
}

// Every request is compared with every operation's path.
const segmentsOf = remembering(500, (path) => path.split("/"));

function matchPath(wanted: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? "";
    if (!segment.startsWith("{")) {
      if (segment !== value) return null;
    } else {
      const decoded = decodeSegment(value);
      if (decoded === null || decoded === "") return null;
      params[segment.slice(1, -1)] = decoded;
    }
  }
  return params;
}

function decodeSegment(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    // A stray percent sign names nothing that exists, which the caller is told as a 404.
    return null;
  }
}

/** The decoder between tRPC's untyped insides and us. */
function toOperation(name: string, procedure: unknown): Operation {
  // oxlint-disable-next-line no-underscore-dangle -- nor to look into a procedure
  const definition = typeof procedure === "function" && "_def" in procedure ? procedure._def : null;
  if (typeof definition !== "object" || definition === null) throw new Error(`${name} is not a procedure`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- tRPC types its insides as any
  const { type, meta, inputs, output } = definition as {
    type: Operation["type"];
    meta?: OperationMeta;
    inputs: unknown[];
    output?: unknown;
  };
  let input = inputs[0];
  while (input instanceof z.ZodOptional || input instanceof z.ZodDefault) input = input.unwrap();
  if (meta === undefined || inputs.length !== 1 || !(input instanceof z.ZodObject) || !(output instanceof z.ZodType)) {
    throw new Error(`${name} needs meta, one object as input, and an output schema`);
  }
  return { name, type, meta, input, output };
}
