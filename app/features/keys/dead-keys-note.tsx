import { convexQuery } from "@convex-dev/react-query";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { api } from "#convex/_generated/api.js";

import { useOrganization } from "../../lib/organization.ts";

type DeadKeysNoteProps = { shown: boolean; onShow: (show: boolean) => void };

/** How many dead keys the list leaves out, with the way to see them; or the way to leave them out again. */
export function DeadKeysNote({ shown, onShow }: DeadKeysNoteProps) {
  const t = useTranslations("keys");
  const { _id: organizationId } = useOrganization();
  const { data: dead } = useQuery(convexQuery(api.keys.countDead, { organizationId }));
  const count = dead?.count ?? 0;
  if (!shown && count === 0) return null;
  return (
    <p>
      {shown ? t("deadShown") : t("deadHidden", { count, capped: String(dead?.capped ?? false) })}{" "}
      <span aria-hidden>·</span>{" "}
      <button
        type="button"
        onClick={() => onShow(!shown)}
        className="rounded-[4px] font-medium text-accent underline-offset-4 hover:underline"
      >
        {shown ? t("hideDead") : t("showDead")}
      </button>
    </p>
  );
}
