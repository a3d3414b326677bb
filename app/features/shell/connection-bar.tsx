import { useConvexConnectionState } from "convex/react";
import { WifiOff } from "lucide-react";
import { useTranslations } from "use-intl";

import { useDebounced } from "../../lib/use-debounced.ts";

/** Says that what is on the screen may be out of date. A blip of under a second is not worth a word. */
export function ConnectionBar() {
  const t = useTranslations("shell");
  const { isWebSocketConnected, hasEverConnected } = useConvexConnectionState();
  const lost = !isWebSocketConnected && hasEverConnected;
  const lostForLong = useDebounced(lost, 1000) && lost;
  return (
    <output className="mx-auto block max-w-[1120px]">
      {lostForLong && (
        <span className="mb-4 flex items-center gap-2 rounded-control bg-warn-soft px-3 py-2 text-sm">
          <WifiOff size={16} strokeWidth={1.5} aria-hidden className="text-warn" />
          {t("disconnected")}
        </span>
      )}
    </output>
  );
}
