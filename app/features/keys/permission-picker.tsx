import { Plus, X } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import { useTranslations } from "use-intl";

import { isLatchkeyPermission, isPermission, type LatchkeyPermission } from "#convex/shared/permissions.ts";

import { Button } from "../../components/button.tsx";
import { Checkbox } from "../../components/checkbox.tsx";
import { Field } from "../../components/field.tsx";
import { Input } from "../../components/input.tsx";

type PermissionPickerProps = {
  /** Latchkey's own permissions that the caller may hand on. */
  offered: readonly LatchkeyPermission[];
  value: readonly string[];
  onChange: (permissions: string[]) => void;
  /** What is typed for an own permission but not added yet. */
  draft: string;
  onDraft: (draft: string) => void;
  /** The draft was refused: say why. */
  draftWrong: boolean;
};

/** What the draft adds: nothing, one permission of the organization's own API, or "invalid". */
export function readDraft(draft: string): { permission: string } | "invalid" | null {
  const permission = draft.trim().toLowerCase();
  if (permission === "") return null;
  return isPermission(permission) && !isLatchkeyPermission(permission) ? { permission } : "invalid";
}

/** Latchkey's permissions to tick, and a line for those of the organization's own API. */
export function PermissionPicker({ offered, value, onChange, ...draftProps }: PermissionPickerProps) {
  const t = useTranslations("keys.create");
  const tPermission = useTranslations("permissions");
  const own = value.filter((permission) => !isLatchkeyPermission(permission));

  function toggle(permission: string, wanted: boolean) {
    onChange(wanted ? [...value, permission] : value.filter((held) => held !== permission));
  }

  return (
    <div className="flex flex-col gap-4">
      <fieldset
        aria-label={t("latchkeyPermissions")}
        className="grid max-h-[212px] gap-x-5 overflow-y-auto rounded-control border border-border px-3 py-1.5 sm:grid-cols-2"
      >
        {offered.map((permission) => (
          <Checkbox
            key={permission}
            checked={value.includes(permission)}
            onChange={(wanted) => toggle(permission, wanted)}
            label={<code className="text-[12.5px]">{permission}</code>}
            hint={tPermission(`${permission}.label`)}
          />
        ))}
      </fieldset>
      <OwnPermissions held={own} onAdd={(permission) => toggle(permission, true)} {...draftProps} />
      {own.length > 0 && (
        <ul aria-label={t("ownPermissions")} className="-mt-2 flex flex-wrap gap-1.5">
          {own.map((permission) => (
            <li key={permission} className="flex h-7 items-center rounded-[4px] bg-raised pl-2 font-mono text-[12.5px]">
              {permission}
              <Button
                variant="ghost"
                size="icon"
                className="size-7 hover:not-data-disabled:bg-transparent"
                aria-label={t("removePermission", { permission })}
                onClick={() => toggle(permission, false)}
              >
                <X strokeWidth={1.5} aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

type OwnPermissionsProps = Pick<PermissionPickerProps, "draft" | "onDraft" | "draftWrong"> & {
  held: readonly string[];
  onAdd: (permission: string) => void;
};

function OwnPermissions({ held, onAdd, draft, onDraft, draftWrong }: OwnPermissionsProps) {
  const t = useTranslations("keys.create");
  const [tried, setTried] = useState(false);
  const read = readDraft(draft);

  function add() {
    setTried(true);
    if (read === null || read === "invalid") return;
    if (!held.includes(read.permission)) onAdd(read.permission);
    onDraft("");
    setTried(false);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" && event.key !== ",") return;
    // Enter adds the permission; it must not submit the whole form.
    event.preventDefault();
    add();
  }

  return (
    <Field
      label={t("ownPermissions")}
      note={t("optional")}
      hint={t("ownPermissionsHint")}
      error={read === "invalid" && (tried || draftWrong) ? t("permissionShape") : null}
    >
      <div className="flex gap-2">
        <Input
          className="font-mono"
          placeholder={t("permissionExample")}
          spellCheck={false}
          autoComplete="off"
          value={draft}
          onValueChange={onDraft}
          onKeyDown={onKeyDown}
          onBlur={add}
        />
        <Button onClick={add}>
          <Plus strokeWidth={1.5} aria-hidden />
          {t("addPermission")}
        </Button>
      </div>
    </Field>
  );
}
