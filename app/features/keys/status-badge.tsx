import {
  CalendarClock,
  CircleCheck,
  CirclePause,
  Clock,
  Hourglass,
  OctagonX,
  RefreshCw,
  type LucideIcon,
} from "lucide-react";
import { useTranslations } from "use-intl";

import { keyStatus, type KeyLifetime, type KeyStatus } from "#convex/shared/keyStatus.ts";

import { Badge, type Tone } from "../../components/badge.tsx";

const looks = {
  active: { tone: "ok", icon: CircleCheck },
  expiring: { tone: "warn", icon: Hourglass },
  "not-yet-valid": { tone: "neutral", icon: CalendarClock },
  disabled: { tone: "neutral", icon: CirclePause },
  expired: { tone: "neutral", icon: Clock },
  revoked: { tone: "danger", icon: OctagonX },
  rotating: { tone: "accent", icon: RefreshCw },
} satisfies Record<KeyStatus | "rotating", { tone: Tone; icon: LucideIcon }>;

/** The icon of a status, for where it stands without its colour. */
export const statusIcons = {
  active: looks.active.icon,
  expiring: looks.expiring.icon,
  "not-yet-valid": looks["not-yet-valid"].icon,
  disabled: looks.disabled.icon,
  expired: looks.expired.icon,
  revoked: looks.revoked.icon,
} satisfies Record<KeyStatus, LucideIcon>;

type StatusBadgeProps = {
  status: KeyStatus;
  /** An older secret of the key still works. Told only of a key that is otherwise well. */
  rotating?: boolean;
};

/** Icon, word and colour of a status. */
export function StatusBadge({ status, rotating }: StatusBadgeProps) {
  const t = useTranslations("keys.status");
  const shown = rotating && status === "active" ? "rotating" : status;
  const { tone, icon: Icon } = looks[shown];
  return (
    <Badge tone={tone} icon={<Icon strokeWidth={1.75} aria-hidden />}>
      {t(shown)}
    </Badge>
  );
}

/** Whether an older secret still works beside the newest at `now` (epoch ms). */
export function isRotating(key: KeyLifetime & { previousSecretValidUntil: number | null }, now: number): boolean {
  return (
    key.previousSecretValidUntil !== null && now < key.previousSecretValidUntil && keyStatus(key, now) === "active"
  );
}
