/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type * as allowances from "../allowances.js";
import type * as api_auditExport from "../api/auditExport.js";
import type * as api_context from "../api/context.js";
import type * as api_denied from "../api/denied.js";
import type * as api_keyBulk from "../api/keyBulk.js";
import type * as api_keyImport from "../api/keyImport.js";
import type * as api_keyOperation from "../api/keyOperation.js";
import type * as api_keyPage from "../api/keyPage.js";
import type * as api_keyRecord from "../api/keyRecord.js";
import type * as api_newKey from "../api/newKey.js";
import type * as api_openapi from "../api/openapi.js";
import type * as api_operations from "../api/operations.js";
import type * as api_page from "../api/page.js";
import type * as api_policy from "../api/policy.js";
import type * as api_policyPreview from "../api/policyPreview.js";
import type * as api_refusal from "../api/refusal.js";
import type * as api_repetition from "../api/repetition.js";
import type * as api_rest from "../api/rest.js";
import type * as api_router from "../api/router.js";
import type * as api_routers_audit from "../api/routers/audit.js";
import type * as api_routers_explain from "../api/routers/explain.js";
import type * as api_routers_groups from "../api/routers/groups.js";
import type * as api_routers_health from "../api/routers/health.js";
import type * as api_routers_keyRecords from "../api/routers/keyRecords.js";
import type * as api_routers_keySecrets from "../api/routers/keySecrets.js";
import type * as api_routers_keySets from "../api/routers/keySets.js";
import type * as api_routers_keyVerbs from "../api/routers/keyVerbs.js";
import type * as api_routers_keys from "../api/routers/keys.js";
import type * as api_routers_licenses from "../api/routers/licenses.js";
import type * as api_routers_members from "../api/routers/members.js";
import type * as api_routers_organization from "../api/routers/organization.js";
import type * as api_routers_permissions from "../api/routers/permissions.js";
import type * as api_routers_policy from "../api/routers/policy.js";
import type * as api_routers_roles from "../api/routers/roles.js";
import type * as api_routers_token from "../api/routers/token.js";
import type * as api_routers_usage from "../api/routers/usage.js";
import type * as api_routers_verification from "../api/routers/verification.js";
import type * as api_routers_whoami from "../api/routers/whoami.js";
import type * as api_trpc from "../api/trpc.js";
import type * as api_verification from "../api/verification.js";
import type * as api_whoIs from "../api/whoIs.js";
import type * as audit from "../audit.js";
import type * as auth_adapter from "../auth/adapter.js";
import type * as auth_auth from "../auth/auth.js";
import type * as auth_credentials from "../auth/credentials.js";
import type * as auth_environment from "../auth/environment.js";
import type * as auth_findSession from "../auth/findSession.js";
import type * as auth_jwtKey from "../auth/jwtKey.js";
import type * as auth_membershipAudit from "../auth/membershipAudit.js";
import type * as auth_membershipDenials from "../auth/membershipDenials.js";
import type * as auth_options from "../auth/options.js";
import type * as auth_removals from "../auth/removals.js";
import type * as auth_routes from "../auth/routes.js";
import type * as auth_rows from "../auth/rows.js";
import type * as auth_signedCookie from "../auth/signedCookie.js";
import type * as auth_store from "../auth/store.js";
import type * as auth_suspension from "../auth/suspension.js";
import type * as auth_tables from "../auth/tables.js";
import type * as auth_where from "../auth/where.js";
import type * as bulk from "../bulk.js";
import type * as credentials from "../credentials.js";
import type * as crons from "../crons.js";
import type * as demo from "../demo.js";
import type * as explain from "../explain.js";
import type * as functions from "../functions.js";
import type * as gateway_auth from "../gateway/auth.js";
import type * as gateway_authenticate from "../gateway/authenticate.js";
import type * as gateway_body from "../gateway/body.js";
import type * as gateway_clientAddress from "../gateway/clientAddress.js";
import type * as gateway_credential from "../gateway/credential.js";
import type * as gateway_failedCredentials from "../gateway/failedCredentials.js";
import type * as gateway_handle from "../gateway/handle.js";
import type * as gateway_jwks from "../gateway/jwks.js";
import type * as gateway_light from "../gateway/light.js";
import type * as gateway_origins from "../gateway/origins.js";
import type * as gateway_respond from "../gateway/respond.js";
import type * as gateway_rest from "../gateway/rest.js";
import type * as gateway_trpc from "../gateway/trpc.js";
import type * as groups from "../groups.js";
import type * as http from "../http.js";
import type * as imports from "../imports.js";
import type * as keys from "../keys.js";
import type * as leavers from "../leavers.js";
import type * as licenses from "../licenses.js";
import type * as members from "../members.js";
import type * as migrations from "../migrations.js";
import type * as model_allowances from "../model/allowances.js";
import type * as model_audit from "../model/audit.js";
import type * as model_auditDenialNotes from "../model/auditDenialNotes.js";
import type * as model_auditDenials from "../model/auditDenials.js";
import type * as model_auditErasure from "../model/auditErasure.js";
import type * as model_auditLists from "../model/auditLists.js";
import type * as model_auditPartVerification from "../model/auditPartVerification.js";
import type * as model_auditPersons from "../model/auditPersons.js";
import type * as model_auditRetention from "../model/auditRetention.js";
import type * as model_auditTables from "../model/auditTables.js";
import type * as model_auditVerification from "../model/auditVerification.js";
import type * as model_bulk from "../model/bulk.js";
import type * as model_bulkRuns from "../model/bulkRuns.js";
import type * as model_callers from "../model/callers.js";
import type * as model_catalogue from "../model/catalogue.js";
import type * as model_definitions from "../model/definitions.js";
import type * as model_demoKeys from "../model/demoKeys.js";
import type * as model_demoWorld from "../model/demoWorld.js";
import type * as model_effectiveRights from "../model/effectiveRights.js";
import type * as model_explain from "../model/explain.js";
import type * as model_firstUses from "../model/firstUses.js";
import type * as model_granting from "../model/granting.js";
import type * as model_groupCommit from "../model/groupCommit.js";
import type * as model_groupMembers from "../model/groupMembers.js";
import type * as model_groups from "../model/groups.js";
import type * as model_imports from "../model/imports.js";
import type * as model_judgement from "../model/judgement.js";
import type * as model_jwtKeys from "../model/jwtKeys.js";
import type * as model_keyChanges from "../model/keyChanges.js";
import type * as model_keyEdits from "../model/keyEdits.js";
import type * as model_keyFields from "../model/keyFields.js";
import type * as model_keyLists from "../model/keyLists.js";
import type * as model_keyRights from "../model/keyRights.js";
import type * as model_keyStates from "../model/keyStates.js";
import type * as model_keyUses from "../model/keyUses.js";
import type * as model_keyViews from "../model/keyViews.js";
import type * as model_leavers from "../model/leavers.js";
import type * as model_licenseHolders from "../model/licenseHolders.js";
import type * as model_licenses from "../model/licenses.js";
import type * as model_members from "../model/members.js";
import type * as model_memberships from "../model/memberships.js";
import type * as model_newKeys from "../model/newKeys.js";
import type * as model_organizationChanges from "../model/organizationChanges.js";
import type * as model_organizations from "../model/organizations.js";
import type * as model_policies from "../model/policies.js";
import type * as model_policyChanges from "../model/policyChanges.js";
import type * as model_policyPreview from "../model/policyPreview.js";
import type * as model_policySweep from "../model/policySweep.js";
import type * as model_repetitions from "../model/repetitions.js";
import type * as model_retention from "../model/retention.js";
import type * as model_roles from "../model/roles.js";
import type * as model_secrets from "../model/secrets.js";
import type * as model_signing from "../model/signing.js";
import type * as model_signingKeys from "../model/signingKeys.js";
import type * as model_slowHashes from "../model/slowHashes.js";
import type * as model_spending from "../model/spending.js";
import type * as model_sweep from "../model/sweep.js";
import type * as model_tokens from "../model/tokens.js";
import type * as model_usageCounts from "../model/usageCounts.js";
import type * as model_usageReports from "../model/usageReports.js";
import type * as model_validators from "../model/validators.js";
import type * as model_verifyKey from "../model/verifyKey.js";
import type * as model_verifyQuestion from "../model/verifyQuestion.js";
import type * as organizations from "../organizations.js";
import type * as permissions from "../permissions.js";
import type * as policy from "../policy.js";
import type * as repetitions from "../repetitions.js";
import type * as retention from "../retention.js";
import type * as roles from "../roles.js";
import type * as sessions from "../sessions.js";
import type * as shared_allowList from "../shared/allowList.js";
import type * as shared_allowance from "../shared/allowance.js";
import type * as shared_auditChain from "../shared/auditChain.js";
import type * as shared_cidr from "../shared/cidr.js";
import type * as shared_errors from "../shared/errors.js";
import type * as shared_foreignHash from "../shared/foreignHash.js";
import type * as shared_foreignKey from "../shared/foreignKey.js";
import type * as shared_json from "../shared/json.js";
import type * as shared_jwt from "../shared/jwt.js";
import type * as shared_keyFormat from "../shared/keyFormat.js";
import type * as shared_keyStatus from "../shared/keyStatus.js";
import type * as shared_limits from "../shared/limits.js";
import type * as shared_permissionExpression from "../shared/permissionExpression.js";
import type * as shared_permissions from "../shared/permissions.js";
import type * as shared_policy from "../shared/policy.js";
import type * as shared_policyEffects from "../shared/policyEffects.js";
import type * as shared_roles from "../shared/roles.js";
import type * as shared_sha256 from "../shared/sha256.js";
import type * as tokens from "../tokens.js";
import type * as usage from "../usage.js";
import type * as verification from "../verification.js";

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";

declare const fullApi: ApiFromModules<{
  allowances: typeof allowances;
  "api/auditExport": typeof api_auditExport;
  "api/context": typeof api_context;
  "api/denied": typeof api_denied;
  "api/keyBulk": typeof api_keyBulk;
  "api/keyImport": typeof api_keyImport;
  "api/keyOperation": typeof api_keyOperation;
  "api/keyPage": typeof api_keyPage;
  "api/keyRecord": typeof api_keyRecord;
  "api/newKey": typeof api_newKey;
  "api/openapi": typeof api_openapi;
  "api/operations": typeof api_operations;
  "api/page": typeof api_page;
  "api/policy": typeof api_policy;
  "api/policyPreview": typeof api_policyPreview;
  "api/refusal": typeof api_refusal;
  "api/repetition": typeof api_repetition;
  "api/rest": typeof api_rest;
  "api/router": typeof api_router;
  "api/routers/audit": typeof api_routers_audit;
  "api/routers/explain": typeof api_routers_explain;
  "api/routers/groups": typeof api_routers_groups;
  "api/routers/health": typeof api_routers_health;
  "api/routers/keyRecords": typeof api_routers_keyRecords;
  "api/routers/keySecrets": typeof api_routers_keySecrets;
  "api/routers/keySets": typeof api_routers_keySets;
  "api/routers/keyVerbs": typeof api_routers_keyVerbs;
  "api/routers/keys": typeof api_routers_keys;
  "api/routers/licenses": typeof api_routers_licenses;
  "api/routers/members": typeof api_routers_members;
  "api/routers/organization": typeof api_routers_organization;
  "api/routers/permissions": typeof api_routers_permissions;
  "api/routers/policy": typeof api_routers_policy;
  "api/routers/roles": typeof api_routers_roles;
  "api/routers/token": typeof api_routers_token;
  "api/routers/usage": typeof api_routers_usage;
  "api/routers/verification": typeof api_routers_verification;
  "api/routers/whoami": typeof api_routers_whoami;
  "api/trpc": typeof api_trpc;
  "api/verification": typeof api_verification;
  "api/whoIs": typeof api_whoIs;
  audit: typeof audit;
  "auth/adapter": typeof auth_adapter;
  "auth/auth": typeof auth_auth;
  "auth/credentials": typeof auth_credentials;
  "auth/environment": typeof auth_environment;
  "auth/findSession": typeof auth_findSession;
  "auth/jwtKey": typeof auth_jwtKey;
  "auth/membershipAudit": typeof auth_membershipAudit;
  "auth/membershipDenials": typeof auth_membershipDenials;
  "auth/options": typeof auth_options;
  "auth/removals": typeof auth_removals;
  "auth/routes": typeof auth_routes;
  "auth/rows": typeof auth_rows;
  "auth/signedCookie": typeof auth_signedCookie;
  "auth/store": typeof auth_store;
  "auth/suspension": typeof auth_suspension;
  "auth/tables": typeof auth_tables;
  "auth/where": typeof auth_where;
  bulk: typeof bulk;
  credentials: typeof credentials;
  crons: typeof crons;
  demo: typeof demo;
  explain: typeof explain;
  functions: typeof functions;
  "gateway/auth": typeof gateway_auth;
  "gateway/authenticate": typeof gateway_authenticate;
  "gateway/body": typeof gateway_body;
  "gateway/clientAddress": typeof gateway_clientAddress;
  "gateway/credential": typeof gateway_credential;
  "gateway/failedCredentials": typeof gateway_failedCredentials;
  "gateway/handle": typeof gateway_handle;
  "gateway/jwks": typeof gateway_jwks;
  "gateway/light": typeof gateway_light;
  "gateway/origins": typeof gateway_origins;
  "gateway/respond": typeof gateway_respond;
  "gateway/rest": typeof gateway_rest;
  "gateway/trpc": typeof gateway_trpc;
  groups: typeof groups;
  http: typeof http;
  imports: typeof imports;
  keys: typeof keys;
  leavers: typeof leavers;
  licenses: typeof licenses;
  members: typeof members;
  migrations: typeof migrations;
  "model/allowances": typeof model_allowances;
  "model/audit": typeof model_audit;
  "model/auditDenialNotes": typeof model_auditDenialNotes;
  "model/auditDenials": typeof model_auditDenials;
  "model/auditErasure": typeof model_auditErasure;
  "model/auditLists": typeof model_auditLists;
  "model/auditPartVerification": typeof model_auditPartVerification;
  "model/auditPersons": typeof model_auditPersons;
  "model/auditRetention": typeof model_auditRetention;
  "model/auditTables": typeof model_auditTables;
  "model/auditVerification": typeof model_auditVerification;
  "model/bulk": typeof model_bulk;
  "model/bulkRuns": typeof model_bulkRuns;
  "model/callers": typeof model_callers;
  "model/catalogue": typeof model_catalogue;
  "model/definitions": typeof model_definitions;
  "model/demoKeys": typeof model_demoKeys;
  "model/demoWorld": typeof model_demoWorld;
  "model/effectiveRights": typeof model_effectiveRights;
  "model/explain": typeof model_explain;
  "model/firstUses": typeof model_firstUses;
  "model/granting": typeof model_granting;
  "model/groupCommit": typeof model_groupCommit;
  "model/groupMembers": typeof model_groupMembers;
  "model/groups": typeof model_groups;
  "model/imports": typeof model_imports;
  "model/judgement": typeof model_judgement;
  "model/jwtKeys": typeof model_jwtKeys;
  "model/keyChanges": typeof model_keyChanges;
  "model/keyEdits": typeof model_keyEdits;
  "model/keyFields": typeof model_keyFields;
  "model/keyLists": typeof model_keyLists;
  "model/keyRights": typeof model_keyRights;
  "model/keyStates": typeof model_keyStates;
  "model/keyUses": typeof model_keyUses;
  "model/keyViews": typeof model_keyViews;
  "model/leavers": typeof model_leavers;
  "model/licenseHolders": typeof model_licenseHolders;
  "model/licenses": typeof model_licenses;
  "model/members": typeof model_members;
  "model/memberships": typeof model_memberships;
  "model/newKeys": typeof model_newKeys;
  "model/organizationChanges": typeof model_organizationChanges;
  "model/organizations": typeof model_organizations;
  "model/policies": typeof model_policies;
  "model/policyChanges": typeof model_policyChanges;
  "model/policyPreview": typeof model_policyPreview;
  "model/policySweep": typeof model_policySweep;
  "model/repetitions": typeof model_repetitions;
  "model/retention": typeof model_retention;
  "model/roles": typeof model_roles;
  "model/secrets": typeof model_secrets;
  "model/signing": typeof model_signing;
  "model/signingKeys": typeof model_signingKeys;
  "model/slowHashes": typeof model_slowHashes;
  "model/spending": typeof model_spending;
  "model/sweep": typeof model_sweep;
  "model/tokens": typeof model_tokens;
  "model/usageCounts": typeof model_usageCounts;
  "model/usageReports": typeof model_usageReports;
  "model/validators": typeof model_validators;
  "model/verifyKey": typeof model_verifyKey;
  "model/verifyQuestion": typeof model_verifyQuestion;
  organizations: typeof organizations;
  permissions: typeof permissions;
  policy: typeof policy;
  repetitions: typeof repetitions;
  retention: typeof retention;
  roles: typeof roles;
  sessions: typeof sessions;
  "shared/allowList": typeof shared_allowList;
  "shared/allowance": typeof shared_allowance;
  "shared/auditChain": typeof shared_auditChain;
  "shared/cidr": typeof shared_cidr;
  "shared/errors": typeof shared_errors;
  "shared/foreignHash": typeof shared_foreignHash;
  "shared/foreignKey": typeof shared_foreignKey;
  "shared/json": typeof shared_json;
  "shared/jwt": typeof shared_jwt;
  "shared/keyFormat": typeof shared_keyFormat;
  "shared/keyStatus": typeof shared_keyStatus;
  "shared/limits": typeof shared_limits;
  "shared/permissionExpression": typeof shared_permissionExpression;
  "shared/permissions": typeof shared_permissions;
  "shared/policy": typeof shared_policy;
  "shared/policyEffects": typeof shared_policyEffects;
  "shared/roles": typeof shared_roles;
  "shared/sha256": typeof shared_sha256;
  tokens: typeof tokens;
  usage: typeof usage;
  verification: typeof verification;
}>;

/**
 * A utility for referencing Convex functions in your app's public API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;

/**
 * A utility for referencing Convex functions in your app's internal API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = internal.myModule.myFunction;
 * ```
 */
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;

export declare const components: {
  migrations: import("@convex-dev/migrations/_generated/component.js").ComponentApi<"migrations">;
};
