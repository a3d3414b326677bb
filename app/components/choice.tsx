import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";

import { cn } from "../lib/cn.ts";

type ChoiceProps<Value extends string> = {
  /** Names the group for screen readers. */
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: string }[];
  className?: string;
};

/** One of a few short options, all in sight: a row of segments over a radio group. */
export function Choice<Value extends string>({ label, value, onChange, options, className }: ChoiceProps<Value>) {
  return (
    <RadioGroup
      aria-label={label}
      value={value}
      onValueChange={onChange}
      className={cn("flex flex-wrap gap-1.5", className)}
    >
      {options.map((option) => (
        <Radio.Root
          key={option.value}
          value={option.value}
          // With no visible label of its own the segment's text is its name.
          aria-label={option.label}
          className="flex h-8 items-center rounded-control border border-control/60 px-3 text-sm font-medium text-muted transition-colors select-none hover:bg-raised data-checked:border-accent data-checked:bg-accent-soft data-checked:text-accent"
        >
          {option.label}
        </Radio.Root>
      ))}
    </RadioGroup>
  );
}
