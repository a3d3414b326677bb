import { Select as BaseSelect } from "@base-ui/react/select";
import { Check, ChevronsUpDown } from "lucide-react";
import { useContext } from "react";

import { cn } from "../lib/cn.ts";
import { controlStyles } from "./input.tsx";
import { MenuHost } from "./menu-host.ts";

export type SelectOption<Value extends string> = { value: Value; label: string; hint?: string };

type SelectProps<Value extends string> = {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly SelectOption<Value>[];
  "aria-label"?: string;
  className?: string;
};

/** A choice of one among few. In a `Field` the field's label names it, elsewhere `aria-label` does. */
export function Select<Value extends string>({ value, onChange, options, className, ...props }: SelectProps<Value>) {
  const host = useContext(MenuHost);
  return (
    <BaseSelect.Root
      items={options}
      value={value}
      onValueChange={(next) => {
        if (next !== null) onChange(next);
      }}
    >
      <BaseSelect.Trigger
        aria-label={props["aria-label"]}
        className={cn(controlStyles, "flex h-8 items-center justify-between gap-2 text-left", className)}
      >
        <BaseSelect.Value className="truncate" />
        <BaseSelect.Icon className="text-muted">
          <ChevronsUpDown size={14} strokeWidth={1.5} aria-hidden />
        </BaseSelect.Icon>
      </BaseSelect.Trigger>
      <BaseSelect.Portal container={host ?? undefined}>
        <BaseSelect.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50 outline-none">
          <BaseSelect.Popup className="max-h-(--available-height) min-w-(--anchor-width) overflow-y-auto rounded-control border border-border bg-float p-1 shadow-float transition-opacity data-starting-style:opacity-0 data-ending-style:opacity-0">
            <BaseSelect.List>
              {options.map((option) => (
                <BaseSelect.Item
                  key={option.value}
                  value={option.value}
                  className="flex items-start gap-2 rounded-[4px] py-1.5 pr-3 pl-2 text-sm outline-none select-none data-highlighted:bg-raised"
                >
                  <span className="mt-0.5 size-4 shrink-0">
                    <BaseSelect.ItemIndicator>
                      <Check size={16} strokeWidth={1.5} aria-hidden />
                    </BaseSelect.ItemIndicator>
                  </span>
                  <span className="min-w-0">
                    <BaseSelect.ItemText>{option.label}</BaseSelect.ItemText>
                    {option.hint !== undefined && <span className="block text-muted">{option.hint}</span>}
                  </span>
                </BaseSelect.Item>
              ))}
            </BaseSelect.List>
          </BaseSelect.Popup>
        </BaseSelect.Positioner>
      </BaseSelect.Portal>
    </BaseSelect.Root>
  );
}
