import type { Recipes } from "../recipe.ts";

/** Operations on the policy. */
export const recipes: Recipes = {
  "policy.get": { needs: ["policy:read"], input: async () => ({}) },
  // The longest that there is, so that nothing else in the same organization is touched.
  "policy.update": { needs: ["policy:update"], input: async () => ({ deadKeyRetentionMs: 3_153_600_000_000 }) },
  "policy.preview": { needs: ["policy:update", "keys:read"], input: async () => ({ maxLifetimeMs: 86_400_000 }) },
  "policy.retention": { needs: ["policy:read", "keys:read"], input: async () => ({}) },
};
