import { useTranslations } from "use-intl";

import { Logo } from "./logo.tsx";

/** The whole window while it is not yet known who is there; nothing at all for the first 150 ms. */
export function BootScreen() {
  const t = useTranslations("common");
  return (
    <main aria-busy aria-label={t("loading")} className="flex min-h-dvh items-center justify-center">
      <div className="appear-late">
        <Logo className="size-9 animate-pulse" />
      </div>
    </main>
  );
}
