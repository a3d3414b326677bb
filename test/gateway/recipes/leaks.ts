import { freshName } from "../recipe.ts";
import type { Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  "leaks.report": {
    needs: null,
    input: async (world) => ({ key: (await world.createKey({ name: freshName("found") })).key, foundAt: "a log" }),
  },
};
