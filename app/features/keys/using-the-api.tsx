import { Collapsible } from "@base-ui/react/collapsible";
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { CopyLine } from "../../components/copy-line.tsx";
import { TextLink } from "../../components/link.tsx";
import { baseUrl, curlWhoami, ENV_NAME } from "./commands.ts";

/** Base URL and a first call, folded away until wanted. */
export function UsingTheApi({ defaultOpen = false }: { defaultOpen?: boolean }) {
  const t = useTranslations("keys.using");
  return (
    <Collapsible.Root defaultOpen={defaultOpen} className="mt-8 rounded-surface border border-border bg-surface">
      <Collapsible.Trigger className="group flex h-11 w-full items-center gap-2 rounded-surface px-4 text-left text-base font-medium">
        <ChevronRight
          size={16}
          strokeWidth={1.5}
          aria-hidden
          className="text-muted transition-transform group-data-panel-open:rotate-90"
        />
        {t("title")}
      </Collapsible.Trigger>
      <Collapsible.Panel className="px-4 pb-4">
        <div className="grid gap-4">
          <div className="grid gap-1.5">
            <p className="text-sm text-muted">{t("baseUrl")}</p>
            <CopyLine value={baseUrl()} what={t("baseUrl")} />
          </div>
          <div className="grid gap-1.5">
            <p className="text-sm text-muted">{t.rich("curl", { code: toCode, name: ENV_NAME })}</p>
            <CopyLine value={curlWhoami(`$${ENV_NAME}`)} what={t("curlLine")} />
          </div>
          <p className="text-sm text-muted">{t.rich("more", { link: toDocsLink })}</p>
        </div>
      </Collapsible.Panel>
    </Collapsible.Root>
  );
}

function toCode(text: ReactNode) {
  return <code>{text}</code>;
}

function toDocsLink(text: ReactNode) {
  return <TextLink to="/docs">{text}</TextLink>;
}
