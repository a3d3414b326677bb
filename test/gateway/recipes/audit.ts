import { freshName, type Recipes } from "../recipe.ts";
import { textOf } from "../world.ts";

export const recipes: Recipes = {
  "audit.list": { needs: ["audit:read"], input: async () => ({ limit: 3 }) },
  "audit.verify": { needs: ["audit:read"], input: async () => ({ limit: 3 }) },
  "audit.export": { needs: ["audit:read"], input: async () => ({ format: "csv", limit: 3 }) },
  "audit.erasePerson": {
    needs: ["members:manage"],
    async input(world) {
      const email = `${freshName("invited").replace(" ", "-")}@example.com`;
      const invited = await world.asOwner("POST", "/api/v1/invitations", { email, roles: ["member"] });
      await world.asOwner("DELETE", `/api/v1/invitations/${textOf(invited, "id")}`);
      return { email };
    },
  },
};
