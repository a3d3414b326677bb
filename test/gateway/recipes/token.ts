import type { Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  "token.exchange": {
    // Any key may; what it holds it may put into its token.
    needs: null,
    by: "key",
    input: async () => ({ audience: "https://api.example.com", expiresInS: 60 }),
  },
};
