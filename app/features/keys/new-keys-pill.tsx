import { ArrowUp } from "lucide-react";
import { useTranslations } from "use-intl";

/** Says that keys arrived while someone was reading, and shows them when asked. It floats, so that nothing moves. */
export function NewKeysPill({ count, onShow }: { count: number; onShow: () => void }) {
  const t = useTranslations("keys");
  return (
    // Below the top bar of a phone, which is 52 px high.
    <output className="sticky top-3 z-10 flex h-0 justify-center max-md:top-16">
      {count > 0 && (
        <button
          type="button"
          onClick={onShow}
          className="-mt-1 flex h-7 items-center gap-1.5 rounded-full bg-accent px-3 text-sm font-medium text-accent-text shadow-float transition-colors hover:bg-accent-hover"
        >
          <ArrowUp size={14} strokeWidth={1.75} aria-hidden />
          {t("newKeys", { count })}
        </button>
      )}
    </output>
  );
}
