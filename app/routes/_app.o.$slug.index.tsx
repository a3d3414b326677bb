import { createFileRoute, Navigate } from "@tanstack/react-router";

export const Route = createFileRoute("/_app/o/$slug/")({ component: ToKeys });

function ToKeys() {
  return <Navigate to="/o/$slug/keys" params={Route.useParams()} replace />;
}
