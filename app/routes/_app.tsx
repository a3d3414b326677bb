import { createFileRoute, Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useConvexAuth } from "convex/react";
import { useEffect, useState } from "react";

import { BootScreen } from "../components/boot-screen.tsx";
import { ErrorView } from "../components/error-view.tsx";
import { authClient, AuthError } from "../lib/auth-client.ts";
import { useDebounced } from "../lib/use-debounced.ts";

// The socket confirms the session within a round trip; much longer and something is wrong that waiting will not mend.
const CONFIRM_MS = 10_000;

export const Route = createFileRoute("/_app")({ component: SignedInOnly });

/** Lets in who has a session that the live connection has accepted too; sends others to sign in and back. */
function SignedInOnly() {
  const session = authClient.useSession();
  const { isAuthenticated } = useConvexAuth();
  const unconfirmed = session.data !== null && !isAuthenticated;
  const stuck = useDebounced(unconfirmed, CONFIRM_MS) && unconfirmed;

  if (session.data === null && session.error !== null) {
    const { status, message } = session.error;
    return (
      <main>
        <ErrorView fullPage error={new AuthError("", status, message)} onRetry={() => void session.refetch()} />
      </main>
    );
  }
  if (session.data === null && session.isPending) return <BootScreen />;
  if (session.data === null) {
    return <ToSignIn />;
  }
  if (stuck) {
    return (
      <main>
        <ErrorView fullPage error={new AuthError("", 401, "")} onRetry={() => location.reload()} />
      </main>
    );
  }
  return isAuthenticated ? <Outlet /> : <BootScreen />;
}

/**
 * Goes to sign in, and from there back to the page that was wanted. That page is read once: while the sign-in page
 * loads this stays mounted, and the address on the way must not be taken for the one that was wanted.
 */
function ToSignIn() {
  const navigate = useNavigate();
  const router = useRouter();
  const [wanted] = useState(() => router.latestLocation.href);
  useEffect(() => {
    void navigate({ to: "/sign-in", search: wanted === "/" ? {} : { next: wanted }, replace: true });
  }, [navigate, wanted]);
  return <BootScreen />;
}
