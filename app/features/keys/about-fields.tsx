import { Collapsible } from "@base-ui/react/collapsible";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import {
  checkTags,
  checkText,
  DESCRIPTION_MAX_LENGTH,
  TAG_MAX_LENGTH,
  TAGS_MAX,
  type Checked,
} from "#convex/shared/limits.ts";

import { Field } from "../../components/field.tsx";
import { Input, Textarea } from "../../components/input.tsx";

/** What is typed: free text, and tags between commas. */
export type AboutInput = { description: string; tags: string };

/** The two as the API takes them; each says for itself whether it is well formed. */
export function readAbout({ description, tags }: AboutInput): {
  description: Checked<string>;
  tags: Checked<string[]>;
} {
  const parts = tags.split(",").filter((part) => part.trim() !== "");
  return { description: checkText(description, DESCRIPTION_MAX_LENGTH), tags: checkTags(parts) };
}

type AboutFieldsProps = { value: AboutInput; onChange: (about: AboutInput) => void };

/** Description and tags, folded away: most keys say enough by their name. */
export function AboutFields({ value, onChange }: AboutFieldsProps) {
  const t = useTranslations("keys.create");
  const [open, setOpen] = useState(false);
  const { description, tags } = readAbout(value);
  return (
    // What is wrong inside must stay in sight: it stops the form.
    <Collapsible.Root open={open || !description.ok || !tags.ok} onOpenChange={setOpen}>
      <Collapsible.Trigger className="group -ml-1 flex h-7 items-center gap-1 rounded-control pr-2 text-sm font-medium text-muted transition-colors hover:text-text">
        <ChevronRight
          size={16}
          strokeWidth={1.5}
          aria-hidden
          className="transition-transform group-data-panel-open:rotate-90"
        />
        {t("about")}
      </Collapsible.Trigger>
      <Collapsible.Panel className="grid gap-4 pt-2 sm:grid-cols-2">
        <Field
          label={t("description")}
          note={t("optional")}
          hint={t("descriptionHint")}
          error={description.ok ? null : t("descriptionProblem", { max: DESCRIPTION_MAX_LENGTH })}
        >
          <Textarea value={value.description} onValueChange={(text) => onChange({ ...value, description: text })} />
        </Field>
        <Field
          label={t("tags")}
          note={t("optional")}
          hint={t("tagsHint")}
          error={tags.ok ? null : t("tagsProblem", { count: TAGS_MAX, max: TAG_MAX_LENGTH })}
        >
          <Input
            autoComplete="off"
            placeholder={t("tagsPlaceholder")}
            value={value.tags}
            onValueChange={(text) => onChange({ ...value, tags: text })}
          />
        </Field>
      </Collapsible.Panel>
    </Collapsible.Root>
  );
}
