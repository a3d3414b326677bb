const FEATURES: readonly (readonly [prefix: string, feature: string])[] = [
  ["1.0/storage", "File storage (ctx.storage)"],
  ["storage/", "File storage (ctx.storage)"],
  ["1.0/actions/vectorSearch", "Vector search (ctx.vectorSearch)"],
  ["1.0/signJwt", "Signing tokens (ctx.auth.signJwt)"],
  ["1.0/createServiceToken", "Service tokens"],
  ["1.0/getServiceUrl", "Service URLs"],
];

/** What user code gets for host calls of Convex that this backend does not offer. */
export function missingFeature(operation: string): Error {
  const feature = FEATURES.find(([prefix]) => operation.startsWith(prefix))?.[1];
  return new Error(
    feature === undefined
      ? `Unknown operation "${operation}".`
      : `${feature} is not supported by this backend ("${operation}").`,
  );
}
