import type { Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  usage: { needs: ["usage:read"], input: async () => ({ by: "operation" }) },
};
