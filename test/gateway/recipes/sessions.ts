import type { Recipes } from "../recipe.ts";
import type { World } from "../world.ts";

/** Signs the owner in once more; answers the id of that session. */
async function signInAgain(world: World): Promise<string> {
  const { cookie } = world.owner;
  const session = await world.call("GET", "/api/auth/get-session", { cookie });
  const { email } = Object(session.body?.["user"]);
  const body = { email, password: "correct horse battery" };
  await world.call("POST", "/api/auth/sign-in/email", { headers: { origin: world.site }, body });
  const { body: listed } = await world.call("GET", "/api/v1/me/sessions", { cookie });
  const other = Array.from<{ id: string; current: boolean }>(Object(listed).items).find(({ current }) => !current);
  if (other === undefined) throw new Error("signing in again made no session");
  return other.id;
}

export const recipes: Recipes = {
  "sessions.list": { needs: null, by: "session", input: async () => ({}) },
  "sessions.delete": {
    needs: null,
    by: "session",
    input: async (world) => ({ sessionId: await signInAgain(world) }),
  },
  "sessions.endOthers": { needs: null, by: "session", input: async () => ({}) },
};
