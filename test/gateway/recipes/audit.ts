import { freshName, type Recipes } from "../recipe.ts";

export const recipes: Recipes = {
  "audit.list": { needs: ["audit:read"], input: async () => ({ limit: 3 }) },
  "audit.verify": { needs: ["audit:read"], input: async () => ({ limit: 3 }) },
  "audit.export": { needs: ["audit:read"], input: async () => ({ format: "csv", limit: 3 }) },
  "audit.erasePerson": {
    needs: ["members:manage"],
    async input(world) {
      const email = `${freshName("invited").replace(" ", "-")}@example.com`;
      const { organizationId } = world;
      await world.asOwner("POST", "/api/auth/organization/invite-member", { email, role: "member", organizationId });
      return { email };
    },
  },
};
