import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { Button } from "../../components/button.tsx";
import { ErrorView } from "../../components/error-view.tsx";
import { Sheet } from "../../components/sheet.tsx";
import { Skeleton } from "../../components/skeleton.tsx";
import { useNow } from "../../lib/now.ts";
import { useOrganization } from "../../lib/organization.ts";
import { KeyActionDialog, type ChosenAction } from "./key-action-dialog.tsx";
import { actionIcons, actionsFor, dangerous, type KeyAction } from "./key-actions.ts";
import { KeyDetails } from "./key-details.tsx";
import { withLastUse, type KeyView } from "./key-view.ts";
import { statusInstants } from "./status-instants.ts";
import { useLastUsedOf } from "./use-last-used.ts";

/** One key beside the list: everything about it, kept current, and what can be done to it. */
export function KeyPanel({ keyId, onClose }: { keyId: string; onClose: () => void }) {
  const t = useTranslations("keys");
  const { _id: organizationId } = useOrganization();
  const { data, error, refetch } = useQuery(convexQuery(api.keys.get, { organizationId, keyId }));
  const [chosen, setChosen] = useState<ChosenAction | null>(null);
  return (
    <>
      <Sheet open modal={false} onClose={onClose} title={data?.name ?? t("panelTitle")}>
        {error !== null ? (
          <div className="p-5">
            <ErrorView error={error} onRetry={() => void refetch()} />
          </div>
        ) : data === undefined ? (
          <PanelSkeleton />
        ) : data === null ? (
          <div className="p-5">
            <p className="font-medium">{t("missingTitle")}</p>
            <p className="mt-1 text-muted">{t("missingSentence")}</p>
          </div>
        ) : (
          <LoadedKey keyView={data} onAction={(action) => setChosen({ action, keyView: data })} />
        )}
      </Sheet>
      <KeyActionDialog chosen={chosen} onClose={() => setChosen(null)} />
    </>
  );
}

function LoadedKey({ keyView, onAction }: { keyView: KeyView; onAction: (action: KeyAction) => void }) {
  const t = useTranslations("keys.actions");
  const { data: me } = useQuery(convexQuery(api.members.me, { organizationId: keyView.organizationId }));
  const lastUsedAt = useLastUsedOf(keyView);
  const timed = withLastUse(keyView, lastUsedAt);
  const now = useNow(statusInstants(timed));
  const actions = me === undefined || me === null ? [] : actionsFor(timed, me, now);
  return (
    <>
      <KeyDetails keyView={timed} lastUsedAt={lastUsedAt} now={now} />
      {actions.length > 0 && (
        <div className="sticky bottom-0 mt-auto flex flex-wrap gap-2 border-t border-border bg-float px-5 py-3">
          {actions.map((action) => {
            const Icon = actionIcons[action];
            return (
              <Button
                key={action}
                variant={dangerous.has(action) ? "dangerQuiet" : "secondary"}
                onClick={() => onAction(action)}
              >
                <Icon strokeWidth={1.5} aria-hidden />
                {t(action)}
              </Button>
            );
          })}
        </div>
      )}
    </>
  );
}

function PanelSkeleton() {
  return (
    <div className="flex flex-col gap-5 p-5">
      <Skeleton className="h-5 w-20 rounded-full" />
      {["w-64", "w-40", "w-52", "w-36", "w-44"].map((width) => (
        <div key={width} className="flex flex-col gap-2">
          <Skeleton className="h-3 w-20" />
          <Skeleton className={`h-4 ${width}`} />
        </div>
      ))}
    </div>
  );
}
