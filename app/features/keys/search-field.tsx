import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { Input } from "../../components/input.tsx";
import { useDebounced } from "../../lib/use-debounced.ts";
import { useShortcut } from "../../lib/use-shortcut.ts";

/** The search line. What is typed shows at once and reaches the address, and so the list, when typing rests. */
export function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useTranslations("keys");
  const inputRef = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  const settled = useDebounced(text, 150);
  useShortcut("/", () => inputRef.current?.focus());

  // The address changed by other means: Back, or "Clear search".
  if (known !== value) {
    setKnown(value);
    if (value !== settled) setText(value);
  }
  useEffect(() => {
    if (settled === text && settled !== value) onChange(settled);
    // Only what is typed drives this; `value` follows it.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [settled]);

  return (
    <search className="relative block w-full max-w-[320px] max-md:max-w-none">
      <Search
        size={16}
        strokeWidth={1.5}
        aria-hidden
        className="pointer-events-none absolute top-2 left-2.5 text-muted"
      />
      <Input
        ref={inputRef}
        type="search"
        aria-label={t("searchLabel")}
        placeholder={t("searchPlaceholder")}
        className="pl-8"
        value={text}
        onValueChange={setText}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </search>
  );
}
