import type { Checked } from "./limits.ts";

/** How the system that a key comes from has kept it. */
export const HASH_ALGORITHMS = ["sha256-hex", "sha256-base64url", "bcrypt", "argon2"] as const;
export type HashAlgorithm = (typeof HASH_ALGORITHMS)[number];

/** Whether comparing with it is so slow that it is done once only. */
export function isSlow(algorithm: HashAlgorithm): boolean {
  return algorithm === "bcrypt" || algorithm === "argon2";
}

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const BCRYPT_COST_MIN = 4;
const BCRYPT_COST_MAX = 12;
/** bcrypt looks at no more of a text. */
export const BCRYPT_TEXT_MAX = 72;

const ARGON2 =
  /^\$argon2(id|i)\$v=19\$m=(\d{1,6}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
const ARGON2_MEMORY_MAX_KIB = 64 * 1024;
/** Memory times passes is what a comparison costs: 64 MiB in three passes. */
const ARGON2_WORK_MAX_KIB = 3 * ARGON2_MEMORY_MAX_KIB;
const ARGON2_LANES_MAX = 4;

export type Argon2 = {
  type: "id" | "i";
  memoryKib: number;
  passes: number;
  lanes: number;
  salt: Uint8Array<ArrayBuffer>;
  digest: Uint8Array<ArrayBuffer>;
};

/**
 * A hash in the form in which it is stored: SHA-256 as the base64url that our own keys have, bcrypt and Argon2 as they
 * are. What would cost too much to compare is refused.
 */
export function checkHash({ algorithm, value }: { algorithm: HashAlgorithm; value: string }): Checked<string> {
  switch (algorithm) {
    case "sha256-hex":
      if (/^[0-9a-f]{64}$/i.test(value)) return { ok: true, value: hexToBase64Url(value) };
      return problem("Give SHA-256 as 64 hexadecimal digits.");
    case "sha256-base64url":
      if (/^[A-Za-z0-9_-]{43}=?$/.test(value)) return checkCanonical(value.slice(0, 43));
      return problem("Give SHA-256 as 43 characters of base64url.");
    case "bcrypt": {
      const cost = Number(BCRYPT.exec(value)?.[1] ?? Number.NaN);
      if (cost >= BCRYPT_COST_MIN && cost <= BCRYPT_COST_MAX) return { ok: true, value };
      return problem(`Give bcrypt's 60 characters, with a cost of ${BCRYPT_COST_MIN} to ${BCRYPT_COST_MAX}.`);
    }
    case "argon2":
      if (readArgon2(value) !== null) return { ok: true, value };
      return problem(
        "Give Argon2id or Argon2i of version 19 as a PHC string, with at most 64 MiB, 192 MiB times passes, and 4 lanes.",
      );
    default:
      return algorithm satisfies never;
  }
}

/** The parts of a PHC string of Argon2, or null when it is none or costs too much. */
export function readArgon2(text: string): Argon2 | null {
  const [, type, memory, time, parallelism, saltText, digestText] = ARGON2.exec(text) ?? [];
  if (saltText === undefined || digestText === undefined) return null;
  const [memoryKib, passes, lanes] = [Number(memory), Number(time), Number(parallelism)];
  if (lanes < 1 || lanes > ARGON2_LANES_MAX || passes < 1 || memoryKib < 8 * lanes) return null;
  if (memoryKib > ARGON2_MEMORY_MAX_KIB || memoryKib * passes > ARGON2_WORK_MAX_KIB) return null;
  const [salt, digest] = [fromBase64(saltText), fromBase64(digestText)];
  if (salt === null || digest === null) return null;
  return { type: type === "i" ? "i" : "id", memoryKib, passes, lanes, salt, digest };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  // One character alone holds no byte.
  return text.length % 4 === 1 ? null : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function hexToBase64Url(hex: string): string {
  const bytes = Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
  return toBase64Url(String.fromCharCode(...bytes));
}

/** The last character of 43 holds two bits that mean nothing and have to be zero, or it would never be found. */
function checkCanonical(text: string): Checked<string> {
  const canonical = toBase64Url(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
  return canonical === text ? { ok: true, value: text } : problem("Give SHA-256 as 43 characters of base64url.");
}

function toBase64Url(binary: string): string {
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function problem(text: string): { ok: false; problem: string } {
  return { ok: false, problem: text };
}
