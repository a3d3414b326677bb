import type { AuditEntry } from "../model/audit/lists.ts";

export const EXPORT_FORMATS = ["jsonl", "csv"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const EXPORT_TYPES: Record<ExportFormat, string> = {
  jsonl: "application/jsonl; charset=utf-8",
  csv: "text/csv; charset=utf-8",
};

const COLUMNS = [
  "seq",
  "time",
  "actorType",
  "actorId",
  "actorName",
  "action",
  "targetKind",
  "targetId",
  "before",
  "after",
  "reason",
  "requestId",
  "ip",
  "agent",
  "subject",
  "erased",
  "id",
  "organizationId",
  "format",
  "personId",
  "personDigest",
  "personSalt",
  "subjectDigest",
  "subjectSalt",
  "previousHash",
  "hash",
] as const;

/**
 * Entries as text, each line with its end, so that pages put one after another are one file. CSV begins with its
 * header when `isFirst`. JSON lines hold exactly what was hashed, of people who were not erased too; CSV is for spreadsheets and guards its cells.
 */
export function toExportText(entries: readonly AuditEntry[], format: ExportFormat, isFirst: boolean): string {
  if (format === "jsonl") return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  const rows = entries.map((entry) => {
    const { type: actorType, id: actorId, name: actorName } = entry.actor;
    const cells = { ...entry, actorType, actorId, actorName, time: new Date(entry.at).toISOString() };
    return toLine(COLUMNS.map((column) => String(cells[column] ?? "")));
  });
  return [...(isFirst ? [toLine(COLUMNS)] : []), ...rows].join("");
}

function toLine(cells: readonly string[]): string {
  return `${cells.map(toCell).join(",")}\r\n`;
}

/** RFC 4180, and what a spreadsheet would take for a formula gets an apostrophe before it: names and agents are strangers' text. */
function toCell(text: string): string {
  const safe = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
