import type { KeyAction } from "./key-actions.ts";
import type { KeyView } from "./key-view.ts";
import { RevokeKeyDialog } from "./revoke-key-dialog.tsx";
import { RotateKeyDialog } from "./rotate-key-dialog.tsx";
import { SimpleKeyDialog } from "./simple-key-dialog.tsx";

/** An action that was chosen, and the key as it was then: the dialog outlives the row, which may leave the list. */
export type ChosenAction = { action: KeyAction; keyView: KeyView };

type KeyActionDialogProps = { chosen: ChosenAction | null; onClose: () => void };

/** The dialog of the chosen action; nothing while none is. */
export function KeyActionDialog({ chosen, onClose }: KeyActionDialogProps) {
  if (chosen === null) return null;
  const { action, keyView } = chosen;
  switch (action) {
    case "revoke":
      return <RevokeKeyDialog keyView={keyView} onClose={onClose} />;
    case "rotate":
      return <RotateKeyDialog keyView={keyView} onClose={onClose} />;
    case "disable":
    case "enable":
    case "expire":
    case "delete":
      return <SimpleKeyDialog action={action} keyView={keyView} onClose={onClose} />;
    default:
      return action satisfies never;
  }
}
