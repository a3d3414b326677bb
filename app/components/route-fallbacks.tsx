import { useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useContext } from "react";
import { useTranslations } from "use-intl";

import { OrganizationContext } from "../lib/organization.ts";
import { usePageTitle } from "../lib/use-page-title.ts";
import { ErrorView } from "./error-view.tsx";
import { ButtonLink } from "./link.tsx";
import { StateView } from "./state-view.tsx";

/** Stands in for a page whose rendering or loading failed; inside the frame when that still stands. */
export function RouteErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const inFrame = useContext(OrganizationContext) !== null;
  const view = (
    <ErrorView
      fullPage={!inFrame}
      error={error}
      onRetry={() => {
        reset();
        void router.invalidate();
      }}
    />
  );
  return inFrame ? view : <main>{view}</main>;
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
