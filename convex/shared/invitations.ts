import { randomText } from "./keyFormat.ts";
import { DAY_MS } from "./limits.ts";
import type { Checked } from "./limits.ts";

/** Open ones at a time in an organization. */
export const INVITATIONS_MAX = 200;
const DEFAULT_INVITATION_MS = 7 * DAY_MS;
const LONGEST_INVITATION_MS = 30 * DAY_MS;

const PREFIX = "invite_";
// As in keys: 43 characters of 62 are the fewest that hold 256 bits.
const SECRET_LENGTH = 43;
export const INVITATION_SECRET_LENGTH = PREFIX.length + SECRET_LENGTH;

// What better-auth takes for an address when somebody signs up with it is narrower; nobody else can accept.
const ADDRESS = /^[^\s@"<>()[\],;:\\]{1,64}@[^\s@"<>()[\],;:\\]{1,253}\.[^\s@"<>()[\],;:\\.]{2,63}$/;

/** The text that its holder accepts by. A double click selects all of it. */
export function generateInvitationSecret(): string {
  return PREFIX + randomText(SECRET_LENGTH);
}

/** An address in the one spelling in which it is stored and compared, as better-auth has it. */
export function checkAddress(raw: string): Checked<string> {
  const address = raw.trim().toLowerCase();
  if (address.length <= 320 && ADDRESS.test(address)) return { ok: true, value: address };
  return { ok: false, problem: "Write an email address, for example grace@example.com." };
}

/** When an invitation ends, epoch milliseconds: in a week unless told. */
export function checkInvitationEnd(expiresAt: number | undefined, now: number): Checked<number> {
  const end = expiresAt ?? now + DEFAULT_INVITATION_MS;
  if (Number.isSafeInteger(end) && end > now && end <= now + LONGEST_INVITATION_MS) return { ok: true, value: end };
  return { ok: false, problem: "Choose a time in the next 30 days, in epoch milliseconds." };
}
