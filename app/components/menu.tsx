import { Menu as BaseMenu } from "@base-ui/react/menu";
import { useContext, type ComponentProps, type ReactElement, type ReactNode } from "react";

import { cn } from "../lib/cn.ts";
import { MenuHost } from "./menu-host.ts";

type MenuProps = {
  trigger: ReactElement;
  align?: "start" | "end";
  side?: "top" | "bottom";
  onOpenChange?: (open: boolean) => void;
  children: ReactNode;
};

const itemStyles = cn(
  "flex w-full items-center gap-2 rounded-[4px] px-2 py-1.5 text-sm outline-none select-none",
  "data-highlighted:bg-raised data-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
);

/** A button (`trigger`) that opens a list of actions. */
export function Menu({ trigger, align = "end", side = "bottom", onOpenChange, children }: MenuProps) {
  const host = useContext(MenuHost);
  return (
    <BaseMenu.Root onOpenChange={onOpenChange}>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal container={host ?? undefined}>
        <BaseMenu.Positioner sideOffset={4} align={align} side={side} className="z-50 outline-none">
          <BaseMenu.Popup className="max-h-(--available-height) min-w-44 overflow-y-auto rounded-control border border-border bg-float p-1 shadow-float outline-none transition-opacity data-starting-style:opacity-0 data-ending-style:opacity-0">
            {children}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}

/** One action; `danger` for those that end something. */
export function MenuItem({ danger, className, ...props }: ComponentProps<typeof BaseMenu.Item> & { danger?: boolean }) {
  return (
    <BaseMenu.Item
      {...props}
      className={cn(
        itemStyles,
        danger ? "text-danger data-highlighted:bg-danger-soft [&_svg]:text-danger" : "[&_svg]:text-muted",
        typeof className === "string" && className,
      )}
    />
  );
}

export function MenuSeparator() {
  return <BaseMenu.Separator className="-mx-1 my-1 h-px bg-border" />;
}

/** A titled group of items: what they have in common is read out with them. */
export function MenuGroup({ label, children }: { label: string; children: ReactNode }) {
  return (
    <BaseMenu.Group>
      <BaseMenu.GroupLabel className="px-2 pt-1.5 pb-1 text-sm text-muted">{label}</BaseMenu.GroupLabel>
      {children}
    </BaseMenu.Group>
  );
}

type MenuChoiceProps<Value extends string> = {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: string; icon?: ReactNode }[];
};

/** One of a few settings, inside a menu; choosing keeps the menu open so that the effect can be seen. */
export function MenuChoice<Value extends string>({ label, value, onChange, options }: MenuChoiceProps<Value>) {
  return (
    <BaseMenu.RadioGroup value={value} onValueChange={onChange} aria-label={label}>
      {options.map((option) => (
        <BaseMenu.RadioItem
          key={option.value}
          value={option.value}
          closeOnClick={false}
          className={cn(itemStyles, "[&_svg]:text-muted")}
        >
          {option.icon}
          <span className="flex-1">{option.label}</span>
          <BaseMenu.RadioItemIndicator className="size-1.5 rounded-full bg-accent" />
        </BaseMenu.RadioItem>
      ))}
    </BaseMenu.RadioGroup>
  );
}
