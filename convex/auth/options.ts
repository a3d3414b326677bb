import type { BetterAuthOptions } from "better-auth";
import { apiKey } from "@better-auth/api-key";
import { createAccessControl } from "better-auth/plugins/access";
import { jwt } from "better-auth/plugins/jwt";
import { organization } from "better-auth/plugins/organization";
import { CONVEX_APPLICATION_ID } from "./environment.ts";
import type { AuthEnvironment } from "./environment.ts";

/**
 * The header that better-auth reads the client's address from. The gateway sets it from what it trusts and
 * drops what the client sent, so nobody chooses the address that they are limited by.
 */
export const CLIENT_IP_HEADER = "x-latchkey-client-ip";

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** What signing in, organizations and tokens need. The API-key plugin is not among it: its routes must not exist for users. */
export function sessionOptions({ siteUrl, secret, allowedOrigins }: AuthEnvironment) {
  return {
    ...sharedOptions({ siteUrl, secret, allowedOrigins }),
    emailAndPassword: { enabled: true, minPasswordLength: 8, maxPasswordLength: 128, autoSignIn: true },
    session: { expiresIn: 7 * DAY_S, updateAge: DAY_S },
    plugins: [organizationPlugin(), jwtPlugin(siteUrl)],
  } satisfies BetterAuthOptions;
}

/** What minting credentials needs. */
export function credentialOptions(environment: AuthEnvironment) {
  return {
    ...sharedOptions(environment),
    plugins: [apiKeyPlugin()],
  } satisfies BetterAuthOptions;
}

/** Every plugin at once, for generating the tables. Starts nothing. */
export function tableOptions() {
  return {
    plugins: [organizationPlugin(), jwtPlugin("http://localhost"), apiKeyPlugin()],
  } satisfies BetterAuthOptions;
}

function sharedOptions({ siteUrl, secret, allowedOrigins }: AuthEnvironment) {
  return {
    appName: "Latchkey",
    baseURL: siteUrl,
    basePath: "/api/auth",
    secret,
    trustedOrigins: [siteUrl, ...allowedOrigins],
    telemetry: { enabled: false },
    logger: { level: "error", disableColors: true },
    // In memory: a counter in a table would add a write to every call.
    rateLimit: {
      enabled: true,
      storage: "memory",
      window: MINUTE_S,
      max: 300,
      customRules: {
        "/sign-in/*": { window: MINUTE_S, max: 30 },
        "/sign-up/*": { window: MINUTE_S, max: 30 },
        "/get-session": false,
        "/token": false,
        "/jwks": false,
      },
    },
    advanced: {
      ...cookieNames(siteUrl),
      ipAddress: { ipAddressHeaders: [CLIENT_IP_HEADER] },
      database: { generateId: false },
      // Said aloud because better-auth drops both by itself when it thinks that it is being tested.
      disableOriginCheck: false,
      disableCSRFCheck: false,
    },
  } satisfies BetterAuthOptions;
}

/** Over HTTPS a `__Host-` cookie, which no neighbouring subdomain can plant or read. better-auth by itself makes `__Secure-` ones. */
function cookieNames(siteUrl: string) {
  if (!siteUrl.startsWith("https:")) return { cookiePrefix: "latchkey" };
  return { cookiePrefix: "__Host-latchkey", useSecureCookies: false, defaultCookieAttributes: { secure: true } };
}

function jwtPlugin(siteUrl: string) {
  return jwt({
    // A token in a response header would be one more place to leak it from; the browser asks at /token.
    disableSettingJwtHeader: true,
    // Convex checks with these keys, and nothing that it accepts lives long. /.well-known/jwks.json keeps them for JWT keys.
    jwks: { keyPairConfig: { alg: "ES256" }, gracePeriod: HOUR_S },
    jwt: {
      issuer: siteUrl,
      audience: CONVEX_APPLICATION_ID,
      expirationTime: "15m",
      // Rights are read from the live membership at every call, so the token says who and nothing else.
      definePayload: ({ session }) => ({ sid: session.id }),
    },
  });
}

function organizationPlugin() {
  const access = createAccessControl({
    organization: ["update", "delete"],
    member: ["create", "update", "delete"],
  });
  const manager = {
    organization: ["update"],
    member: ["create", "update", "delete"],
  } as const;
  const bystander = { organization: [], member: [] } as const;
  return organization({
    ac: access,
    roles: {
      owner: access.newRole({ ...manager, organization: ["update", "delete"] }),
      admin: access.newRole(manager),
      developer: access.newRole(bystander),
      member: access.newRole(bystander),
      suspended: access.newRole(bystander),
    },
    creatorRole: "owner",
    membershipLimit: 1_000,
    // Nobody could see its audit trail any more. How an operator does it all the same: docs/decisions/017.
    disableOrganizationDeletion: true,
  });
}

function apiKeyPlugin() {
  return apiKey({
    // The plugin never sees a key: it is given the hash to store, by the one thing that it hands through to its generator.
    customKeyGenerator: ({ prefix }) => prefix ?? "",
    maximumPrefixLength: 64,
    disableKeyHashing: true,
    // Its limit writes the row at every call, its expiry deletes the row, its sessions let a key mint keys.
    rateLimit: { enabled: false },
    enableSessionForAPIKeys: false,
    startingCharactersConfig: { shouldStore: false },
    enableMetadata: false,
  });
}
