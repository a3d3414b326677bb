import { Check, Copy } from "lucide-react";
import { useEffect, useState, type ComponentProps } from "react";
import { useTranslations } from "use-intl";

import { copyText } from "../lib/copy-text.ts";
import { Button } from "./button.tsx";
import { toastFailed } from "./toast.tsx";

type CopyButtonProps = Omit<ComponentProps<typeof Button>, "onClick" | "children" | "value"> & {
  value: string;
  /** What is copied, for the accessible name of an icon-only button: "organization id". */
  what: string;
  /** Shows only the icon. */
  iconOnly?: boolean;
  onCopied?: () => void;
};

/** Copies `value`, then says so for two seconds in its own place. */
export function CopyButton({ value, what, iconOnly, onCopied, ...props }: CopyButtonProps) {
  const t = useTranslations("common");
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy() {
    if (await copyText(value)) {
      setCopied(true);
      onCopied?.();
    } else {
      toastFailed(t("copyFailed"), t("copyFailedHint"));
    }
  }

  const Icon = copied ? Check : Copy;
  return (
    <Button
      {...props}
      size={iconOnly ? "icon" : props.size}
      aria-label={iconOnly ? (copied ? t("copiedWhat", { what }) : t("copyWhat", { what })) : undefined}
      onClick={() => void copy()}
    >
      <Icon strokeWidth={1.5} aria-hidden />
      {!iconOnly && <span aria-live="polite">{copied ? t("copied") : t("copy")}</span>}
    </Button>
  );
}
