import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { createFileRoute, Navigate } from "@tanstack/react-router";

import { api } from "#convex/_generated/api.js";

import { BootScreen } from "../components/boot-screen.tsx";
import { ErrorView } from "../components/error-view.tsx";
import { lastOrganization } from "../lib/organization.ts";

export const Route = createFileRoute("/_app/")({ component: HomePage });

/** Opens the organization that was open last, or asks to create the first. */
function HomePage() {
  const { data, error, refetch } = useQuery(convexQuery(api.organizations.listMine, {}));
  if (error !== null) {
    return (
      <main>
        <ErrorView fullPage error={error} onRetry={() => void refetch()} />
      </main>
    );
  }
  if (data === undefined || data === null) return <BootScreen />;
  const last = lastOrganization();
  const organization = data.find(({ slug }) => slug === last) ?? data[0];
  if (organization === undefined) return <Navigate to="/new" replace />;
  return <Navigate to="/o/$slug/keys" params={{ slug: organization.slug }} replace />;
}
