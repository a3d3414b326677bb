import { sha256Base64Url } from "./sha256.ts";

// Keys that were made elsewhere and imported as hashes. They have neither our shape nor a checksum, so what tells them
// from any other text is a beginning that their importer registered.

export const FOREIGN_PREFIX_MIN = 3;
export const FOREIGN_START_MIN = 4;
/** A slow hash is found by its key's visible beginning, which has to be one key's only. */
export const FOREIGN_START_MIN_SLOW = 8;
export const FOREIGN_START_MAX = 24;

/** Visible ASCII without the comma, at which headers are split. */
export function isForeignText(text: string): boolean {
  return /^[!-+\--~]+$/.test(text);
}

/** Whether a text can be a foreign key at all, whatever has been registered. */
export function isForeignShaped(text: string): boolean {
  return /^[!-+\--~]{8,512}$/.test(text);
}

/** What is kept instead of a beginning for finding a key by it; a longer one may hold a part of the secret. */
export function hashStart(start: string): string {
  return sha256Base64Url(start);
}

/** All beginnings by which a presented text may be found, the longest first. */
export function startHashesOf(text: string): string[] {
  const longest = Math.min(text.length, FOREIGN_START_MAX);
  const count = Math.max(0, longest - FOREIGN_START_MIN_SLOW + 1);
  return Array.from({ length: count }, (_, index) => hashStart(text.slice(0, longest - index)));
}
