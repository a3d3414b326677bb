import type { Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  "audit.list": { needs: ["audit:read"], input: async () => ({ limit: 3 }) },
  "audit.verify": { needs: ["audit:read"], input: async () => ({ limit: 3 }) },
  "audit.export": { needs: ["audit:read"], input: async () => ({ format: "csv", limit: 3 }) },
};
