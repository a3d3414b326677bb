import { authClient } from "../../lib/auth-client.ts";

/** Ends the session and loads the sign-in page anew, so that nothing of the old session stays in memory. */
export async function signOut(): Promise<void> {
  await authClient.signOut();
  location.assign("/sign-in");
}
