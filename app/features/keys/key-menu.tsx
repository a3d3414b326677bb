import { Ellipsis } from "lucide-react";
import { useTranslations } from "use-intl";

import { Button } from "../../components/button.tsx";
import { Menu, MenuItem, MenuSeparator } from "../../components/menu.tsx";
import { actionIcons, dangerous, type KeyAction } from "./key-actions.ts";

type KeyMenuProps = {
  name: string;
  actions: readonly KeyAction[];
  onAction: (action: KeyAction) => void;
  onOpenChange: (open: boolean) => void;
};

/** The actions of one row; nothing when there are none. */
export function KeyMenu({ name, actions, onAction, onOpenChange }: KeyMenuProps) {
  const t = useTranslations("keys");
  if (actions.length === 0) return null;
  const mild = actions.filter((action) => !dangerous.has(action));
  const grave = actions.filter((action) => dangerous.has(action));
  return (
    <Menu
      onOpenChange={onOpenChange}
      trigger={
        <Button variant="ghost" size="icon" className="relative z-10" aria-label={t("actionsFor", { name })}>
          <Ellipsis strokeWidth={1.5} aria-hidden />
        </Button>
      }
    >
      {mild.map((action) => (
        <ActionItem key={action} action={action} onAction={onAction} />
      ))}
      {mild.length > 0 && grave.length > 0 && <MenuSeparator />}
      {grave.map((action) => (
        <ActionItem key={action} action={action} onAction={onAction} />
      ))}
    </Menu>
  );
}

function ActionItem({ action, onAction }: { action: KeyAction; onAction: (action: KeyAction) => void }) {
  const t = useTranslations("keys.actions");
  const Icon = actionIcons[action];
  return (
    <MenuItem danger={dangerous.has(action)} onClick={() => onAction(action)}>
      <Icon strokeWidth={1.5} aria-hidden />
      {t(action)}
    </MenuItem>
  );
}
