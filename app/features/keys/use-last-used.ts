import { convexQuery } from "@convex-dev/react-query";
import { keepPreviousData, useQueries } from "@tanstack/react-query";

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
    combine: (answers) =>
      new Map(answers.flatMap(({ data }) => (data ?? []).map(({ keyId, lastUsedAt }) => [keyId, lastUsedAt] as const))),
  });
}

function lastUsedQuery(organizationId: Id<"organization">, keyIds: Id<"keys">[]) {
  return { ...convexQuery(api.usage.lastUsed, { organizationId, keyIds }), placeholderData: keepPreviousData };
}

function chunksOf(ids: readonly Id<"keys">[]): Id<"keys">[][] {
  const chunks: Id<"keys">[][] = [];
  for (let start = 0; start < ids.length; start += CHUNK) chunks.push(ids.slice(start, start + CHUNK));
  return chunks;
}
