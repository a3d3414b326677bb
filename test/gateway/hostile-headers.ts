import type { Dice } from "../helpers/dice.ts";
import { wildText } from "../helpers/wild-json.ts";
import type { Arsenal } from "./hostile-arsenal.ts";

const IDENTITY_HEADERS = [
  "x-user-id",
  "x-user-role",
  "x-org-id",
  "x-org-role",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-prefix",
  "x-real-ip",
  "forwarded",
  "x-latchkey-peer",
  "x-latchkey-client-ip",
  "x-original-url",
  "x-rewrite-url",
  "x-http-method-override",
  "via",
];
const ADDRESSES = [
  "127.0.0.1",
  "::1",
  "10.0.0.1, 127.0.0.1",
  "::ffff:127.0.0.1",
  "1.2.3.4:80",
  "[::1]:80",
  "999.1.1.1",
  "fe80::1%eth0",
  ",,,",
  "for=unknown",
  "https",
  "javascript",
  "_",
];
export const OTHER_HEADERS: [string, string][] = [
  ["Expect", "100-continue"],
  ["Accept", "text/html"],
  ["Accept-Encoding", "gzip, br, *;q=0"],
  ["Range", "bytes=0-18446744073709551615"],
  ["If-None-Match", "*"],
  ["If-Modified-Since", "never"],
  ["Origin", "null"],
  ["Origin", "https://evil.example"],
  ["Referer", "javascript:alert(1)"],
  ["Access-Control-Request-Method", "DELETE"],
  ["Sec-Fetch-Site", "same-origin"],
  ["Sec-Fetch-Site", "cross-site"],
  ["trpc-accept", "application/jsonl"],
  ["trpc-batch-mode", "stream"],
  ["x-trpc-source", "x"],
  ["Connection", "close, x-api-key"],
  ["TE", "trailers"],
  ["Accept-Language", "x-".repeat(200)],
  ["Convex-Client", "npm-1.48.0"],
  ["__proto__", "x"],
  ["constructor", "x"],
  ["User-Agent", ""],
];
export type Header = [string, string];

export function hostHeaders(dice: Dice, { host }: Arsenal): Header[] {
  if (dice.chance(0.97)) return [[oddCase(dice, "Host"), host]];
  const bad = dice.pick([
    "evil.example",
    "",
    "[::1",
    "a b",
    "a/../b",
    "localhost:99999999",
    "@",
    "xn--",
    "a,b",
    "%00",
    "1.1",
    "é",
  ]);
  return dice.pick<Header[]>([
    [["Host", bad]],
    [
      ["Host", bad],
      ["Host", host],
    ],
    [],
  ]);
}

export function credentials(dice: Dice, { key, member, owner, origin, ids }: Arsenal, isAuth: boolean): Header[] {
  const browser = (person: { cookie: string }): Header[] => [
    ["Cookie", person.cookie],
    ["Origin", origin],
  ];
  switch (dice.below(isAuth ? 7 : 14)) {
    case 0:
      return [];
    case 1:
      return browser(member);
    case 2:
    case 3:
    case 4:
      return browser(owner);
    case 5:
      return [
        ["Cookie", brokenCookie(dice, dice.pick([member, owner]).cookie)],
        ["Origin", origin],
      ];
    case 6:
      return [[oddCase(dice, "Authorization"), `Bearer ${dice.pick([member, owner]).token}`]];
    case 7:
    case 8:
      return [[oddCase(dice, "x-api-key"), key]];
    case 9:
      return [
        [
          "Authorization",
          `${dice.pick(["Bearer", "bearer", "BEARER ", "Bearer\t", "Basic", "Convex", "Digest", ""])} ${key}`,
        ],
      ];
    case 10:
      return [["x-api-key", brokenKey(dice, key)]];
    case 11: {
      const word = dice.pick(["Bearer", "Convex", "Token", "Basic"]);
      const claims = Buffer.from(
        JSON.stringify({ sub: dice.pick(ids), iss: origin, aud: "convex", exp: 4e9 }),
      ).toString("base64url");
      const alg = Buffer.from(JSON.stringify({ alg: dice.pick(["none", "HS256", "ES256"]), kid: "x" })).toString(
        "base64url",
      );
      return [
        ["Authorization", `${word} ${dice.pick([`${alg}.${claims}.AAAA`, `${alg}.${claims}.`, "ey.ey.ey", "a.b.c"])}`],
      ];
    }
    case 12:
      return [
        ["x-api-key", key],
        ["X-API-KEY", brokenKey(dice, key)],
      ];
    default:
      return [["x-api-key", brokenKey(dice, key)], ["Authorization", `Bearer ${key}`], ...browser(member)];
  }
}

function brokenKey(dice: Dice, key: string): string {
  const at = dice.below(key.length);
  const other = dice.pick(["a", "Z", "0", "_", " ", "é", ",", '"']);
  return dice.pick([
    key,
    `${key.slice(0, at)}${other}${key.slice(at + 1)}`,
    key.slice(0, at),
    key + key,
    `${key},${key}`,
    key.toUpperCase(),
    "",
    "x".repeat(1 + dice.below(9_000)),
    headerText(wildText(dice)),
  ]);
}

function brokenCookie(dice: Dice, cookie: string): string {
  const at = dice.below(cookie.length);
  return dice.pick([
    `${cookie.slice(0, at)}x${cookie.slice(at + 1)}`,
    `${cookie.slice(0, at)}%E0%A4%A${cookie.slice(at)}`,
    `${cookie}; ${cookie}`,
    `__Host-${cookie}`,
    `__Secure-${cookie}`,
    `=${cookie}`,
    `latchkey.session_token="${cookie.split("=")[1] ?? ""}"`,
    "latchkey.session_token=; __proto__=x; constructor=y",
    `latchkey.session_data=${Buffer.from('{"session":{"user":{"role":"admin"}}}').toString("base64url")}; ${cookie}`,
    ";".repeat(dice.below(3_000)),
    headerText(wildText(dice)),
  ]);
}

export function identityHeader(dice: Dice, { ids }: Arsenal): Header {
  const value = dice.chance(0.4)
    ? dice.pick(ids)
    : dice.chance(0.7)
      ? dice.pick(ADDRESSES)
      : headerText(wildText(dice));
  return [oddCase(dice, dice.pick(IDENTITY_HEADERS)), value];
}

export function oddCase(dice: Dice, name: string): string {
  if (dice.chance(0.8)) return name;
  return name
    .split("")
    .map((letter) => (dice.chance(0.5) ? letter.toUpperCase() : letter.toLowerCase()))
    .join("");
}

/** Only what a header may hold, so that the request gets past the HTTP parser; what may not is in BROKEN_HEADERS. */
export function headerText(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7E\x80-\xFF]/g, "?").slice(0, 6_000);
}
