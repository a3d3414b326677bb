import type { Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  health: { needs: null, input: async () => ({}) },
  whoami: { needs: null, input: async () => ({}) },
  explain: { needs: null, input: async () => ({ permission: "orders:read", resource: "project:42" }) },
};
