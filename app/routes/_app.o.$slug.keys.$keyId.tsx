import { createFileRoute } from "@tanstack/react-router";

import { KeyPanel } from "../features/keys/key-panel.tsx";

export const Route = createFileRoute("/_app/o/$slug/keys/$keyId")({ component: KeyPage });

function KeyPage() {
  const { keyId } = Route.useParams();
  const navigate = Route.useNavigate();
  return (
    <KeyPanel
      // A panel's dialogs belong to its key and must not survive into the next one.
      key={keyId}
      keyId={keyId}
      onClose={() => void navigate({ to: "..", search: true, resetScroll: false })}
    />
  );
}
