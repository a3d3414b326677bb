import { useTranslations } from "use-intl";

import { Choice } from "../../components/choice.tsx";
import { Field } from "../../components/field.tsx";
import { Input } from "../../components/input.tsx";
import { firstDate, lastDate, presetDays, type Expiry } from "./expiry.ts";

type ExpiryPickerProps = { value: Expiry; onChange: (expiry: Expiry) => void; now: number; error: string | null };

/** Presets in days, or a date. */
export function ExpiryPicker({ value, onChange, now, error }: ExpiryPickerProps) {
  const t = useTranslations("keys.create");
  const chosen = value.kind === "date" ? "date" : String(value.days);
  return (
    <div className="flex flex-col gap-3">
      <Choice
        label={t("expiresIn")}
        value={chosen}
        onChange={(next) =>
          onChange(next === "date" ? { kind: "date", date: "" } : { kind: "days", days: Number(next) })
        }
        options={[
          ...presetDays.map((days) => ({ value: String(days), label: t("days", { days }) })),
          { value: "date", label: t("customDate") },
        ]}
      />
      {value.kind === "date" && (
        <Field label={t("date")} hint={t("dateHint")} error={error} className="max-w-[220px]">
          <Input
            type="date"
            min={firstDate(now)}
            max={lastDate(now)}
            value={value.date}
            onValueChange={(date) => onChange({ kind: "date", date })}
          />
        </Field>
      )}
    </div>
  );
}
