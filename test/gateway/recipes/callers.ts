import type { Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  health: { needs: null, input: async () => ({}) },
  explain: { needs: null, input: async () => ({ permission: "orders:read AND stock:read" }) },
  "token.exchange": {
    needs: null,
    by: "key",
    input: async () => ({ audience: "https://api.example.com", permissions: [], expiresInS: 60 }),
  },
  whoami: { needs: null, input: async () => ({}) },
};
