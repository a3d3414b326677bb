import { useCallback, useMemo } from "react";

import { authClient } from "./auth-client.ts";

type TokenRequest = { forceRefreshToken: boolean };

/**
 * Tells the Convex client who is signed in: the session decides whether anybody is, and a short-lived JWT from
 * `/api/auth/token` proves it on the socket. A failed token request counts as signed out, not as an error.
 */
export function useAuth() {
  const { data, isPending } = authClient.useSession();
  const sessionId = data?.session.id ?? null;

  const fetchAccessToken = useCallback(
    async (_request: TokenRequest): Promise<string | null> => {
      // Another session must never be answered with this one's token, so the callback is new for each session.
      if (sessionId === null) return null;
      const answer = await authClient.token();
      return answer.data?.token ?? null;
    },
    [sessionId],
  );

  return useMemo(
    () => ({ isLoading: isPending && sessionId === null, isAuthenticated: sessionId !== null, fetchAccessToken }),
    [isPending, sessionId, fetchAccessToken],
  );
}
