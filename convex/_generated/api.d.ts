/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import type * as auth_options from "../auth/options.js";
import type * as auth_tables from "../auth/tables.js";
import type * as gateway_body from "../gateway/body.js";
import type * as gateway_clientAddress from "../gateway/clientAddress.js";
import type * as gateway_credential from "../gateway/credential.js";
import type * as gateway_handle from "../gateway/handle.js";
import type * as gateway_origins from "../gateway/origins.js";
import type * as gateway_respond from "../gateway/respond.js";
import type * as shared_errors from "../shared/errors.js";
import type * as shared_keyFormat from "../shared/keyFormat.js";
import type * as shared_keyStatus from "../shared/keyStatus.js";
import type * as shared_limits from "../shared/limits.js";
import type * as shared_permissions from "../shared/permissions.js";
import type * as shared_sha256 from "../shared/sha256.js";

/**
 * A utility for referencing Convex functions in your app's API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
declare const fullApi: ApiFromModules<{
  "auth/options": typeof auth_options;
  "auth/tables": typeof auth_tables;
  "gateway/body": typeof gateway_body;
  "gateway/clientAddress": typeof gateway_clientAddress;
  "gateway/credential": typeof gateway_credential;
  "gateway/handle": typeof gateway_handle;
  "gateway/origins": typeof gateway_origins;
  "gateway/respond": typeof gateway_respond;
  "shared/errors": typeof shared_errors;
  "shared/keyFormat": typeof shared_keyFormat;
  "shared/keyStatus": typeof shared_keyStatus;
  "shared/limits": typeof shared_limits;
  "shared/permissions": typeof shared_permissions;
  "shared/sha256": typeof shared_sha256;
}>;
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;

export declare const components: {
  rateLimiter: import("@convex-dev/rate-limiter/_generated/component.js").ComponentApi<"rateLimiter">;
};
