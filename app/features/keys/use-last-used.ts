import { convexQuery } from "@convex-dev/react-query";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";

import type { FunctionReturnType } from "convex/server";

import { api } from "#convex/_generated/api.js";
import type { Id } from "#convex/_generated/dataModel.js";

import type { KeyView } from "./key-view.ts";

// One subscription per so many rows: loading a further page leaves the earlier subscriptions as they are.
const CHUNK = 50;

/**
 * When each key was last used: epoch ms, null for never; absent while loading. It is apart from the list so that
 * using a key never runs the list again.
 */
export function useLastUsed(
  organizationId: Id<"organization">,
  keys: readonly KeyView[],
): ReadonlyMap<string, number | null> {
  return useQueries({
    queries: chunksOf(keys.map((key) => key._id)).map((keyIds) => lastUsedQuery(organizationId, keyIds)),
    combine: toMap,
  });
}

type Answer = FunctionReturnType<typeof api.usage.lastUsed>;

// Always the same function, so that the map too is the same for as long as the answers are.
function toMap(answers: readonly { data: Answer | undefined }[]): ReadonlyMap<string, number | null> {
  return new Map(answers.flatMap(({ data }) => (data ?? []).map(({ keyId, lastUsedAt }) => [keyId, lastUsedAt])));
}

/** The same of one key: undefined while loading. */
export function useLastUsedOf({ organizationId, _id }: KeyView): number | null | undefined {
  const { data } = useQuery(convexQuery(api.usage.lastUsed, { organizationId, keyIds: [_id] }));
  return data === undefined ? undefined : (data?.[0]?.lastUsedAt ?? null);
}

function lastUsedQuery(organizationId: Id<"organization">, keyIds: Id<"keys">[]) {
  return { ...convexQuery(api.usage.lastUsed, { organizationId, keyIds }), placeholderData: keepPreviousData };
}

function chunksOf(ids: readonly Id<"keys">[]): Id<"keys">[][] {
  const chunks: Id<"keys">[][] = [];
  for (let start = 0; start < ids.length; start += CHUNK) chunks.push(ids.slice(start, start + CHUNK));
  return chunks;
}
