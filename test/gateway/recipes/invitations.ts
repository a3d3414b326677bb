import * as z from "zod";
import { freshName, type Recipes } from "../recipe.ts";
import { textOf, type World } from "../world.ts";

const freshAddress = () => `${freshName("invited").replaceAll(" ", "-")}@example.com`;

/** A role that gives nothing, so that a calling key need not hold it to give it. */
async function makeRole(world: World): Promise<string> {
  return textOf(
    await world.asOwner("POST", "/api/v1/roles", { name: freshName("guest").replaceAll(" ", "-"), grants: [] }),
    "name",
  );
}

/** An invitation of the world's owner to somebody else's organization. */
async function inviteOwner(world: World): Promise<{ secret: string }> {
  const host = await world.signUp("Host");
  await world.createOrganization(host, freshName(`hosts-${process.pid}`).replaceAll(" ", "-"));
  const session = await world.call("GET", "/api/auth/get-session", { cookie: world.owner.cookie });
  const body = { email: Object(session.body?.["user"]).email, roles: ["member"] };
  return {
    secret: textOf(await world.call("POST", "/api/v1/invitations", { cookie: host.cookie, body }), "secret"),
  };
}

/** The owner is in one organization again, and need not name it. */
async function leaveOthers(world: World): Promise<void> {
  const { cookie, userId } = world.owner;
  const listed = await world.call("GET", "/api/auth/organization/list", { cookie });
  for (const { id } of z.array(z.object({ id: z.string() })).parse(listed.body)) {
    if (id === world.organizationId) continue;
    await world.call("DELETE", `/api/v1/members/${userId}`, { cookie, headers: { "x-organization-id": id } });
  }
}

export const recipes: Recipes = {
  "invitations.list": { needs: ["members:read"], input: async () => ({}) },
  "invitations.create": {
    needs: ["members:manage"],
    input: async (world) => ({ email: freshAddress(), roles: [await makeRole(world)] }),
  },
  "invitations.delete": {
    needs: ["members:manage"],
    async input(world) {
      const body = { email: freshAddress(), roles: ["member"] };
      return { invitationId: textOf(await world.asOwner("POST", "/api/v1/invitations", body), "id") };
    },
  },
  "invitations.preview": { needs: null, by: "session", input: inviteOwner },
  "invitations.accept": { needs: null, by: "session", input: inviteOwner, after: leaveOthers },
};
