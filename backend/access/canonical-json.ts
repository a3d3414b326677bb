import { isJsonObject, type JsonValue } from "../values/json.ts";

/** JSON text in which equal values are equal text: object fields are sorted. Two clients asking the same share a result. */
export function canonicalJson(value: JsonValue): string {
  return JSON.stringify(isSorted(value) ? value : sortFields(value));
}

function isSorted(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.every(isSorted);
  if (!isJsonObject(value)) return true;
  let previous: string | null = null;
  for (const [field, inner] of Object.entries(value)) {
    if (previous !== null && field < previous) return false;
    if (!isSorted(inner)) return false;
    previous = field;
  }
  return true;
}

function sortFields(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortFields);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((field) => [field, sortFields(value[field] ?? null)]),
  );
}
