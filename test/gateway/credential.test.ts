import { describe, expect, test } from "vitest";
import { readCredential } from "#convex/gateway/credential.ts";
import { generateKey } from "#convex/shared/keyFormat.ts";

const { key } = generateKey({ prefix: "lk", env: "live" });
const other = generateKey({ prefix: "lk", env: "live" }).key;
const session = "s3ss10n.c2lnbmF0dXJl";
const jwt = (header: object) => `${Buffer.from(JSON.stringify(header)).toString("base64url")}.e30.${"A".repeat(86)}`;
const token = jwt({ alg: "ES256", typ: "at+jwt", kid: "k1" });
const jwtKey = jwt({ alg: "ES256", typ: "key+jwt", kid: "k1" });
const unsigned = jwt({ alg: "none", typ: "at+jwt", kid: "k1" });

describe("what a request presents", () => {
  test.each([
    ["nothing", {}, null],
    ["x-api-key", { "x-api-key": key }, { type: "key", key }],
    ["x-api-key with blanks around", { "x-api-key": `  ${key} ` }, { type: "key", key }],
    ["an empty x-api-key", { "x-api-key": "" }, null],
    ["a key as bearer", { authorization: `Bearer ${key}` }, { type: "key", key }],
    ["a bearer scheme in lower case", { authorization: `bearer ${key}` }, { type: "key", key }],
    ["a session as bearer", { authorization: `Bearer ${session}` }, { type: "session", token: session }],
    ["an exchange token as bearer", { authorization: `Bearer ${token}` }, { type: "token", token }],
    ["an exchange token where keys go", { "x-api-key": token }, { type: "key", key: token }],
    ["H2: a JWT key as bearer", { authorization: `Bearer ${jwtKey}` }, { type: "key", key: jwtKey }],
    ["an unsigned JWT", { authorization: `Bearer ${unsigned}` }, { type: "key", key: unsigned }],
    ["another scheme", { authorization: "Basic dTpw" }, null],
    ["the same key twice over", { "x-api-key": key, authorization: `Bearer ${key}` }, { type: "key", key }],
    ["a plain cookie", { cookie: "a=1; latchkey.session_token=v" }, { type: "cookie", value: "v" }],
    ["T15: a __Secure- cookie", { cookie: "__Secure-latchkey.session_token=v" }, { type: "cookie", value: "v" }],
    ["T15: a __Host- cookie", { cookie: "__Host-latchkey.session_token=v" }, { type: "cookie", value: "v" }],
    [
      "a planted plain cookie beside the __Host- one",
      { cookie: "latchkey.session_token=evil; __Host-latchkey.session_token=v" },
      { type: "cookie", value: "v" },
    ],
    ["somebody else's cookie", { cookie: "theme=dark" }, null],
    ["E15 T16: a key and a cookie", { "x-api-key": key, cookie: "latchkey.session_token=v" }, { type: "key", key }],
    ["E15 T16: an empty x-api-key and a cookie", { "x-api-key": " ", cookie: "latchkey.session_token=v" }, null],
    ["E15 T16: an empty bearer and a cookie", { authorization: "Bearer ", cookie: "latchkey.session_token=v" }, null],
    ["a bearer of two words and a cookie", { authorization: "Bearer a b", cookie: "latchkey.session_token=v" }, null],
    [
      "another scheme and a cookie",
      { authorization: "Basic dTpw", cookie: "latchkey.session_token=v" },
      { type: "cookie", value: "v" },
    ],
    [
      "a session as bearer and a cookie",
      { authorization: `Bearer ${session}`, cookie: "latchkey.session_token=v" },
      { type: "session", token: session },
    ],
  ])("%s", (_title, headers, expected) => {
    expect(readCredential(new Headers(headers))).toEqual(expected);
  });
});

describe("E15: a request that cannot mean one caller is refused", () => {
  const repeated = new Headers({ "x-api-key": key });
  repeated.append("x-api-key", key);
  test.each([
    ["two different keys", new Headers({ "x-api-key": key, authorization: `Bearer ${other}` })],
    ["a key and a session", new Headers({ "x-api-key": key, authorization: `Bearer ${session}` })],
    ["keys joined by a comma", new Headers({ "x-api-key": `${key},${other}` })],
    ["the same header repeated", repeated],
    ["a repeated Authorization", new Headers({ authorization: `Bearer ${key}, Bearer ${other}` })],
  ])("%s", (_title, headers) => {
    expect(() => readCredential(headers)).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ code: "AMBIGUOUS_CREDENTIALS" }) }),
    );
  });
});
