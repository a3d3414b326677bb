import { useState } from "react";

import { KeyReveal, type RevealedKey } from "./key-reveal.tsx";
import { CreateKeyForm } from "./create-key-form.tsx";

type CreateKeyDialogProps = { open: boolean; onClose: () => void };

/** Makes a key, then shows it once. The plaintext lives in this component's state and dies when it closes. */
export function CreateKeyDialog({ open, onClose }: CreateKeyDialogProps) {
  const [revealed, setRevealed] = useState<RevealedKey | null>(null);

  function close() {
    setRevealed(null);
    onClose();
  }

  if (revealed !== null) return <KeyReveal revealed={revealed} onClose={close} />;
  return open && <CreateKeyForm onClose={onClose} onCreated={setRevealed} />;
}
