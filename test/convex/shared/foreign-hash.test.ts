import { describe, expect, test } from "vitest";
import { checkHash, isSlow, readArgon2 } from "../../../convex/shared/foreignHash.ts";
import type { HashAlgorithm } from "../../../convex/shared/foreignHash.ts";
import { isForeignShaped, isForeignText, startHashesOf } from "../../../convex/shared/foreignKey.ts";
import { sha256Base64Url, sha256Hex } from "../../../convex/shared/sha256.ts";

const ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
const BCRYPT = `$2b$12$${"./Az09".repeat(9).slice(0, 53)}`;

describe("a foreign hash", () => {
  test("of SHA-256 becomes the one under which our own keys are stored", () => {
    const [hex, base64url] = [sha256Hex("a key"), sha256Base64Url("a key")];
    for (const value of [hex, hex.toUpperCase()]) {
      expect(checkHash({ algorithm: "sha256-hex", value })).toEqual({ ok: true, value: base64url });
    }
    for (const value of [base64url, `${base64url}=`]) {
      expect(checkHash({ algorithm: "sha256-base64url", value })).toEqual({ ok: true, value: base64url });
    }
  });

  test("of bcrypt and Argon2 stays as it is", () => {
    for (const value of [BCRYPT, BCRYPT.replace("$2b$", "$2a$"), BCRYPT.replace("$12$", "$04$")]) {
      expect(checkHash({ algorithm: "bcrypt", value })).toEqual({ ok: true, value });
    }
    for (const value of [ARGON2, ARGON2.replace("argon2id", "argon2i")]) {
      expect(checkHash({ algorithm: "argon2", value })).toEqual({ ok: true, value });
    }
    expect(readArgon2(ARGON2)).toMatchObject({ type: "id", memoryKib: 65_536, passes: 3, lanes: 4 });
    expect(readArgon2(ARGON2)?.salt).toEqual(new TextEncoder().encode("somesalt"));
  });

  test.each<[HashAlgorithm, string]>([
    ["sha256-hex", ""],
    ["sha256-hex", "a".repeat(63)],
    ["sha256-hex", "g".repeat(64)],
    ["sha256-base64url", "a".repeat(42)],
    ["sha256-base64url", `${"a".repeat(42)}+`],
    // Its last two bits are set, so no text has this hash.
    ["sha256-base64url", `${"a".repeat(42)}b`],
    ["bcrypt", BCRYPT.replace("$12$", "$13$")],
    ["bcrypt", BCRYPT.replace("$12$", "$03$")],
    ["bcrypt", BCRYPT.slice(0, -1)],
    ["bcrypt", BCRYPT.replace("$2b$", "$2x$")],
    ["argon2", ARGON2.replace("m=65536", "m=65537")],
    ["argon2", ARGON2.replace("t=3", "t=4")],
    ["argon2", ARGON2.replace("t=3", "t=0")],
    ["argon2", ARGON2.replace("p=4", "p=5")],
    ["argon2", ARGON2.replace("m=65536", "m=31")],
    ["argon2", ARGON2.replace("v=19", "v=16")],
    ["argon2", ARGON2.replace("argon2id", "argon2d")],
    ["argon2", ARGON2.replace("c29tZXNhbHQ", "c29tc")],
    ["argon2", `${ARGON2}\n`],
  ])("%s %s is refused", (algorithm, value) => {
    expect(checkHash({ algorithm, value })).toMatchObject({ ok: false });
  });

  test("is compared once only when that is slow", () => {
    expect((["sha256-hex", "sha256-base64url", "bcrypt", "argon2"] as const).filter(isSlow)).toEqual([
      "bcrypt",
      "argon2",
    ]);
  });
});

describe("a foreign key", () => {
  test("is 8 to 512 visible ASCII characters without a comma", () => {
    for (const text of ["acme-001", "!~!~!~!~", "x".repeat(512)]) expect(isForeignShaped(text)).toBe(true);
    for (const text of ["acme-00", "x".repeat(513), "acme 0001", "acme,0001", "acmé-0001", "acme-001\n", ""]) {
      expect(isForeignShaped(text)).toBe(false);
    }
    expect([isForeignText("a"), isForeignText(""), isForeignText("a,b")]).toEqual([true, false, false]);
  });

  test("is looked for by all its beginnings of 8 to 24 characters, the longest first", () => {
    const text = "abcdefghijklmnopqrstuvwxyz0123456789";
    expect(startHashesOf("abcdefg")).toEqual([]);
    expect(startHashesOf("abcdefghi")).toEqual([sha256Base64Url("abcdefghi"), sha256Base64Url("abcdefgh")]);
    expect(startHashesOf(text)).toHaveLength(17);
    expect(startHashesOf(text)[0]).toBe(sha256Base64Url(text.slice(0, 24)));
  });
});
