import type { Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  health: { needs: null, input: async () => ({}) },
  explain: { needs: null, input: async () => ({ permission: "orders:read AND stock:read" }) },
  whoami: { needs: null, input: async () => ({}) },
};
