import type { Transaction } from "../database/database.ts";
import { SYSTEM_MOUNT } from "../functions/scheduled-jobs.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";
import { moduleTexts, restoreVersion, serializeVersion, type RestoredVersion } from "./code-version.ts";
import { DEPLOYMENTS, MODULES } from "./system-tables.ts";

/** The live version as it was last written; null before the first push. */
export function readVersion(tx: Transaction): RestoredVersion | null {
  const row = rows(tx, DEPLOYMENTS)[0];
  if (row === undefined || typeof row.value["content"] !== "string") return null;
  const texts = new Map<string, { source: string; sourceMap: string | null }>();
  for (const { value } of rows(tx, MODULES)) {
    const { sha256, source, sourceMap } = value;
    if (typeof sha256 !== "string" || typeof source !== "string") continue;
    texts.set(sha256, { source, sourceMap: typeof sourceMap === "string" ? sourceMap : null });
  }
  return restoreVersion(row.value["content"], (sha256) => texts.get(sha256));
}

/** Makes this version the stored one. Texts it shares with the version before are not written again. */
export function writeVersion(tx: Transaction, version: RestoredVersion): void {
  const wanted = moduleTexts(version.code);
  for (const { id, value } of rows(tx, MODULES)) {
    const { sha256 } = value;
    if (typeof sha256 !== "string" || !wanted.delete(sha256)) tx.remove(SYSTEM_MOUNT, id);
  }
  for (const { sha256, source, sourceMap } of wanted.values()) {
    tx.insert(SYSTEM_MOUNT, MODULES, { sha256, source, sourceMap });
  }
  for (const { id } of rows(tx, DEPLOYMENTS)) tx.remove(SYSTEM_MOUNT, id);
  tx.insert(SYSTEM_MOUNT, DEPLOYMENTS, { content: serializeVersion(version), createdAt: Date.now() });
}

function rows(tx: Transaction, table: string): { id: string; value: { readonly [field: string]: unknown } }[] {
  return Array.from(tx.scan(SYSTEM_MOUNT, table, "by_creation_time", WHOLE_INDEX, "asc"), ({ document }) => ({
    id: document.id,
    value: document.value,
  }));
}
