import type { Doc } from "../../_generated/dataModel.js";
import { latchkeyError } from "../../shared/errors.ts";

/**
 * Where a list of keys goes on: it names the last key seen, so keys that come and go meanwhile shift nothing. Its creation
 * time is not unique; the id settles ties in the order of the index.
 */
export type Cursor = { createdAt: number; id: string };

/** Whether a list that is newest first shows the key after the one of the cursor. */
export function isAfter(key: Doc<"keys">, { createdAt, id }: Cursor): boolean {
  return key._creationTime < createdAt || (key._creationTime === createdAt && key._id < id);
}

export function toCursor(key: Doc<"keys">): Cursor {
  return { createdAt: key._creationTime, id: key._id };
}

export function encodeCursor(key: Doc<"keys">): string {
  const { createdAt, id } = toCursor(key);
  return btoa(JSON.stringify([createdAt, id]));
}

/** Throws INVALID_INPUT for a text that is no cursor of these lists. */
export function decodeCursor(text: string): Cursor {
  try {
    const parsed: unknown = JSON.parse(atob(text));
    if (Array.isArray(parsed) && typeof parsed[0] === "number" && typeof parsed[1] === "string") {
      return { createdAt: parsed[0], id: parsed[1] };
    }
  } catch {
    // Not base64 or not JSON: refused below like any other wrong cursor.
  }
  throw latchkeyError("INVALID_INPUT", "This cursor is not one of ours. Start again without it.", [
    { path: "cursor", message: "Use the nextCursor of the page before." },
  ]);
}
