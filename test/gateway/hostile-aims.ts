import type { Dice } from "../helpers/dice.ts";
import { wildBody, wildJson, wildText } from "../helpers/wild-json.ts";
import type { Arsenal } from "./hostile-arsenal.ts";

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const AUTH_POSTS = [
  "sign-in/email",
  "sign-up/email",
  "sign-in/social",
  "organization/create",
  "organization/update",
  "organization/delete",
  "organization/set-active",
  "organization/invite-member",
  "organization/accept-invitation",
  "organization/remove-member",
  "organization/update-member-role",
  "organization/check-slug",
  "organization/leave",
  "organization/has-permission",
  "update-user",
  "change-email",
  "request-password-reset",
  "reset-password",
  "send-verification-email",
  "link-social",
  "unlink-account",
  "refresh-token",
  "get-access-token",
  "api-key/create",
  "api-key/verify",
  "sign-jwt",
];
const AUTH_GETS = [
  "get-session",
  "token",
  "jwks",
  "ok",
  "error",
  "list-sessions",
  "list-accounts",
  "verify-email",
  "callback/github",
  "reset-password/x",
  "organization/list",
  "organization/get-full-organization",
  "organization/list-members",
  "organization/list-invitations",
  "organization/get-invitation",
  "organization/get-active-member",
  "api-key/list",
  "reference",
];
const AUTH_BODY = {
  email: "nobody@example.com",
  password: "correct horse battery",
  name: "Nobody",
  slug: "nobody",
  organizationId: "x",
  organizationSlug: "x",
  memberId: "x",
  memberIdOrEmail: "x",
  invitationId: "x",
  role: "owner",
  callbackURL: "/",
  redirectTo: "https://evil.example",
  provider: "github",
  token: "x",
  newPassword: "correct horse battery",
  data: {},
  permissions: {},
};
const PLACES = [
  "/",
  "/docs",
  "/index.html",
  "/assets/app.js",
  "/openapi.json",
  "/.well-known/jwks.json",
  "/.well-known/openid-configuration",
  "/api/health",
  "/api/run/keys/list",
  "/api/run/keys",
  "/api/run/",
  "/api/v1",
  "/api/v1/",
  "/api/v1/nothing",
  "/api/auth",
  "/api/trpc",
  "/api",
  "/version",
  "/instance_name",
  "/api/1.48.0/sync",
  "/api/sync",
  "/api/deploy2/start_push",
  "/api/deploy2/finish_push",
  "/api/update_environment_variables",
  "/api/storage/x",
  "/api/debug_event",
];
const CALLS = ["/api/query", "/api/mutation", "/api/action", "/api/function", "/api/query_ts", "/api/query_at_ts"];
const FUNCTIONS = ["keys:list", "keys:get", "members:list", "audit:list", "organizations:get", "usage:lastUsed"];
const INTERNALS = [
  "verification:byHash",
  "keys:revoke",
  "auth/store:create",
  "demo:seed",
  "_system/x",
  "",
  ":",
  "a:b:c",
  "../x:y",
];
const TYPES = [
  "text/plain",
  "application/jsonp",
  "application/json; charset=utf-16",
  'application/json;charset="',
  "APPLICATION/JSON",
  "application/json, text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json/../x",
  ";",
];
type Aim = { method: string; path: string; body?: string; type: string; isAuth: boolean };

export function aim(dice: Dice, arsenal: Arsenal): Aim {
  const type = dice.chance(0.9) ? "application/json" : dice.pick(TYPES);
  const kind = dice.below(100);
  if (kind < 45) {
    const { method, path, example } = dice.pick(arsenal.targets);
    const filled = path.replaceAll(/\{\w+\}/g, () => pathSegment(dice, arsenal));
    const hasBody = method !== "GET" && method !== "DELETE" ? dice.chance(0.95) : dice.chance(0.03);
    return {
      method,
      path: filled,
      type,
      isAuth: false,
      ...(hasBody && { body: wildBody(dice, example ?? {}, arsenal.ids) }),
    };
  }
  if (kind < 63) return { ...aimAtTrpc(dice, arsenal), type, isAuth: false };
  if (kind < 82) {
    // Hashing a password takes long, which is all that these two would be measured by.
    const isSlow = dice.chance(0.97);
    const isGet = dice.chance(0.4);
    const name = isGet ? dice.pick(AUTH_GETS) : dice.pick(isSlow ? AUTH_POSTS.slice(2) : AUTH_POSTS);
    const path = `/api/auth/${name}`;
    if (isGet) return { method: "GET", path, type, isAuth: true };
    return { method: "POST", path, type, isAuth: true, body: wildBody(dice, AUTH_BODY, arsenal.ids) };
  }
  if (kind < 90) {
    const call = {
      path: dice.pick([...FUNCTIONS, ...INTERNALS]),
      args: {
        organizationId: dice.pick(arsenal.ids),
        keyId: dice.pick(arsenal.ids),
        paginationOpts: { numItems: 9, cursor: null },
      },
      format: dice.pick(["json", "convex_encoded_json"]),
      ts: "AAAAAAAAAAA=",
    };
    return { method: "POST", path: dice.pick(CALLS), type, isAuth: false, body: wildBody(dice, call, arsenal.ids) };
  }
  const method = dice.pick(METHODS);
  const body = method === "GET" || method === "HEAD" ? {} : { body: wildBody(dice, {}, arsenal.ids) };
  return { method, path: dice.pick(PLACES), type, isAuth: false, ...body };
}

function aimAtTrpc(dice: Dice, arsenal: Arsenal): { method: string; path: string; body?: string } {
  const calls = [dice.pick(arsenal.targets), ...dice.some(dice.chance(0.4) ? 8 : 0, () => dice.pick(arsenal.targets))];
  const names = calls.map(({ name }) => (dice.chance(0.05) ? wildText(dice) : name));
  const inputs = calls.map(({ example }) => {
    const named = { ...(typeof example === "object" ? example : {}), keyId: dice.pick(arsenal.ids) };
    return wildBody(dice, dice.chance(0.6) ? named : example, arsenal.ids);
  });
  const isBatch = names.length > 1 || dice.chance(0.2);
  const input = isBatch ? `{${inputs.map((text, index) => `"${index}":${text}`).join(",")}}` : (inputs[0] ?? "");
  const path = `/api/trpc/${names.map((name) => encodeURIComponent(name.toWellFormed())).join(",")}`;
  const batch = isBatch ? `batch=${dice.pick(["1", "1", "1", "0", "2", "__proto__"])}` : "";
  if (calls[0]?.method !== "GET") return { method: "POST", path: `${path}?${batch}`, body: input };
  const short = input.length > 3_000 ? "{" : input.toWellFormed();
  return { method: "GET", path: `${path}?${batch}&input=${encodeURIComponent(short)}` };
}

function pathSegment(dice: Dice, arsenal: Arsenal): string {
  if (dice.chance(0.75)) return dice.pick(arsenal.ids);
  return encodeURIComponent(wildText(dice).slice(0, 2_000).toWellFormed());
}

export function withQuery(dice: Dice, path: string, { targets, ids }: Arsenal): string {
  if (path.includes("?") || dice.chance(0.6)) return path;
  const names = dice.pick(targets).parameters;
  const pairs = dice.some(4, () => {
    const name = names.length > 0 && dice.chance(0.8) ? dice.pick(names) : wildText(dice).slice(0, 40);
    const value = dice.chance(0.3) ? dice.pick(ids) : String(wildJson(dice, ids, 0)).slice(0, 1_000);
    return `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`;
  });
  const args =
    path === "/api/query"
      ? `path=${dice.pick(FUNCTIONS)}&args=${encodeURIComponent(wildBody(dice, {}).slice(0, 900).toWellFormed())}&`
      : "";
  return `${path}?${args}${pairs.join("&")}`;
}

export function wildTarget(dice: Dice, path: string): string {
  const at = dice.below(path.length + 1);
  const middle = path.indexOf("/", 1) === -1 ? path.length : path.indexOf("/", 1);
  switch (dice.below(16)) {
    case 0:
      return `${path.slice(0, at)}${dice.pick(["%00", "%2e%2e%2f", "%2F", "%5c", "%", "%zz", "%C0%AF", "%ff", "%25%32%65"])}${path.slice(at)}`;
    case 1:
      return `/${path}`;
    case 2:
      return `${path.slice(0, middle)}/${path.slice(middle)}`;
    case 3:
      return `/..${path}`;
    case 4:
      return `/assets/../..${path}`;
    case 5:
      return `${dice.pick(["/%2e%2e", "/..", "/.%2e", "/..;", "/....//", "/..%5c"]).repeat(1 + dice.below(6))}/${dice.pick(["outside.txt", "etc/passwd"])}`;
    case 6:
      return path.toUpperCase();
    case 7:
      return `${path}${"a".repeat(dice.below(12_000))}`;
    case 8:
      return `${path}${"/a".repeat(dice.below(3_000))}`;
    case 9:
      return `${path}${dice.pick(["/", "//", "/.", "/..", ";a=b", ".json", "%20", "#x", "?", "??", "?&&&=", "?=", "?%"])}`;
    case 10:
      return `http://${dice.pick(["evil.example", "localhost", "[::1]", "a:99999", "%"])}${path}`;
    case 11:
      return dice.pick(["*", "", "x", "?", "//", "///", "http://", "//[", "/\\evil", "javascript:x", "data:,"]);
    case 12:
      return `${path}?${"a=b&".repeat(dice.below(2_000))}`;
    case 13:
      return `${path}\u00e9\u00ff`;
    case 14:
      return `${path.slice(0, at)}${dice.pick([" ", "\t", "\u0001", "\u007f"])}${path.slice(at)}`;
    default:
      return path
        .split("")
        .map((letter) => (dice.chance(0.3) ? `%${letter.charCodeAt(0).toString(16).padStart(2, "0")}` : letter))
        .join("");
  }
}
