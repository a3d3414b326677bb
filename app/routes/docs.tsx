import { createFileRoute } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useTranslations } from "use-intl";

import { TextLink } from "../components/link.tsx";
import { ApiReference } from "../features/docs/api-reference.tsx";
import { usePageTitle } from "../lib/use-page-title.ts";

export const Route = createFileRoute("/docs")({ component: DocsPage });

/** The API reference, open to everybody. Its weight is in a chunk of its own that only this page loads. */
function DocsPage() {
  const t = useTranslations("docs");
  usePageTitle(t("title"));
  // Going back loads the app anew: Scalar's styles are global and would stay.
  return (
    <>
      <nav aria-label={t("title")} className="flex h-13 items-center border-b border-border bg-bg px-4">
        <TextLink to="/" reloadDocument className="flex items-center gap-1.5 text-sm">
          <ArrowLeft size={16} strokeWidth={1.5} aria-hidden />
          {t("back")}
        </TextLink>
      </nav>
      <ApiReference />
    </>
  );
}
