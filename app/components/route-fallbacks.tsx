import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useTranslations } from "use-intl";

import { usePageTitle } from "../lib/use-page-title.ts";
import { ErrorView } from "./error-view.tsx";
import { ButtonLink } from "./link.tsx";
import { StateView } from "./state-view.tsx";

/** Stands in for a page whose rendering or loading failed. */
export function RouteErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <main>
      <ErrorView
        fullPage
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </main>
  );
}

/** Stands in for an address that leads nowhere. */
export function NotFoundPage() {
  const t = useTranslations("notFound");
  usePageTitle(t("title"));
  return (
    <main>
      <StateView fullPage title={t("title")} actions={<ButtonLink to="/">{t("home")}</ButtonLink>}>
        <p>{t("sentence")}</p>
      </StateView>
    </main>
  );
}
