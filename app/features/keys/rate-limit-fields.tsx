import { useTranslations } from "use-intl";

import { checkRateLimit } from "#convex/shared/limits.ts";

import { Field } from "../../components/field.tsx";
import { Input } from "../../components/input.tsx";
import { Select } from "../../components/select.tsx";

const windows = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
type WindowName = keyof typeof windows;
const windowNames: readonly WindowName[] = ["second", "minute", "hour", "day"];

/** What the form holds; an empty `limit` sets none. */
export type RateLimitInput = { limit: string; window: WindowName };

/** The limit to ask for, null for none, or "invalid" when the number cannot be one. */
export function toRateLimit(input: RateLimitInput): { limit: number; windowMs: number } | null | "invalid" {
  if (input.limit.trim() === "") return null;
  const checked = checkRateLimit({ limit: Number(input.limit), windowMs: windows[input.window] });
  return checked.ok ? checked.value : "invalid";
}

/** The name of a window length, when it is one of those that the form offers. */
export function windowName(windowMs: number): WindowName | null {
  return windowNames.find((name) => windows[name] === windowMs) ?? null;
}

type RateLimitFieldsProps = { value: RateLimitInput; onChange: (value: RateLimitInput) => void; invalid: boolean };

/** How many requests in how long. */
export function RateLimitFields({ value, onChange, invalid }: RateLimitFieldsProps) {
  const t = useTranslations("keys.create");
  return (
    <div className="grid max-w-[420px] grid-cols-2 gap-3">
      <Field label={t("rateLimit")} note={t("optional")} error={invalid ? t("rateLimitProblem") : null}>
        <Input
          inputMode="numeric"
          autoComplete="off"
          className="tabular-nums"
          placeholder={t("noLimit")}
          value={value.limit}
          onValueChange={(limit) => onChange({ ...value, limit: limit.replaceAll(/\D/g, "") })}
        />
      </Field>
      <Field label={t("window")}>
        <Select
          value={value.window}
          onChange={(window) => onChange({ ...value, window })}
          options={windowNames.map((name) => ({ value: name, label: t(`windows.${name}`) }))}
        />
      </Field>
    </div>
  );
}
