import { useTranslations } from "use-intl";

type DeadKeysNoteProps = {
  /** How many there are, at least so many when `capped`. */
  dead: { count: number; capped: boolean };
  shown: boolean;
  onShow: (show: boolean) => void;
};

/** How many dead keys the list leaves out, with the way to see them; or the way to leave them out again. */
export function DeadKeysNote({ dead, shown, onShow }: DeadKeysNoteProps) {
  const t = useTranslations("keys");
  if (!shown && dead.count === 0) return null;
  return (
    <p>
      {shown ? t("deadShown") : t("deadHidden", { count: dead.count, capped: String(dead.capped) })}{" "}
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
