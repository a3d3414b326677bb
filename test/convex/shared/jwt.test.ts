import { describe, expect, test } from "vitest";
import { JWT_MAX_LENGTH, isJwtKey, looksLikeJwt, readJwtHeader } from "#convex/shared/jwt.ts";

const SIGNATURE = "A".repeat(86);
const jwt = (header: unknown, payload = "e30", signature = SIGNATURE) =>
  `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${payload}.${signature}`;
const OURS = { alg: "ES256", typ: "key+jwt", kid: "k1" };

describe("E2, H2: the shape of a JWT of ours, read before any hash", () => {
  test("names its kind and signing key", () => {
    expect(readJwtHeader(jwt(OURS))).toEqual({ typ: "key+jwt", kid: "k1" });
    expect(readJwtHeader(jwt({ ...OURS, typ: "at+jwt" }))).toEqual({ typ: "at+jwt", kid: "k1" });
    expect(isJwtKey(jwt(OURS))).toBe(true);
    expect(isJwtKey(jwt({ ...OURS, typ: "at+jwt" }))).toBe(false);
  });

  test.each([
    ["alg none", jwt({ ...OURS, alg: "none" })],
    ["HS256", jwt({ ...OURS, alg: "HS256" })],
    ["another curve", jwt({ ...OURS, alg: "ES384" })],
    ["a list of algorithms", jwt({ ...OURS, alg: ["ES256"] })],
    ["no kid", jwt({ alg: "ES256", typ: "key+jwt" })],
    ["an empty kid", jwt({ ...OURS, kid: "" })],
    ["a session's kind", jwt({ ...OURS, typ: "JWT" })],
    ["no kind", jwt({ alg: "ES256", kid: "k1" })],
    ["a header that is null", jwt(null)],
    ["a header that is no JSON", `bm8.e30.${SIGNATURE}`],
    ["a long header", jwt({ ...OURS, more: "x".repeat(300) })],
    ["no signature", jwt(OURS, "e30", "")],
    ["a short signature", jwt(OURS, "e30", SIGNATURE.slice(1))],
    ["a long signature", jwt(OURS, "e30", `${SIGNATURE}A`)],
    ["another alphabet", jwt(OURS, "e3+/", SIGNATURE)],
    ["four parts", `${jwt(OURS)}.e30`],
    ["two parts", jwt(OURS).split(".").slice(1).join(".")],
    ["blanks around", ` ${jwt(OURS)}`],
    ["a line break at the end", `${jwt(OURS)}\n`],
    ["more than fits into a header", jwt(OURS, "e".repeat(JWT_MAX_LENGTH))],
    ["nothing", ""],
  ])("is not that of %s", (_title, text) => {
    expect(readJwtHeader(text)).toBeNull();
  });

  test("three parts are a JWT, whoever signed it; keys and session tokens have others", () => {
    expect(looksLikeJwt("a.b.c")).toBe(true);
    expect(looksLikeJwt("lk_live_4fQ2x9LmZa_0")).toBe(false);
    expect(looksLikeJwt("token.signature")).toBe(false);
  });
});
