import { useState, type SyntheticEvent } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../components/button.tsx";
import { Field } from "../../components/field.tsx";
import { FormError } from "../../components/form-error.tsx";
import { Input } from "../../components/input.tsx";
import { authClient, requireAuthData } from "../../lib/auth-client.ts";
import { toAppError, type AppError } from "../../lib/error-message.ts";
import { toSlug } from "./slug.ts";

/** Makes an organization owned by who is signed in. The address follows the name until it is edited itself. */
export function CreateOrganizationForm({ onCreated }: { onCreated: (slug: string) => void }) {
  const t = useTranslations("organizations");
  const [name, setName] = useState("");
  const [ownSlug, setOwnSlug] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError | null>(null);
  const slug = ownSlug ?? toSlug(name);

  async function submit(event: SyntheticEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const wanted = { name: name.trim(), slug: toSlug(slug) };
      const organization = await requireAuthData(authClient.organization.create(wanted));
      onCreated(organization.slug);
    } catch (thrown) {
      setError(toAppError(thrown));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      <Field label={t("name")} name="name">
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- The page is this form and nothing else. */}
        <Input autoComplete="organization" required maxLength={80} autoFocus value={name} onValueChange={setName} />
      </Field>
      <Field
        label={t("slug")}
        name="slug"
        hint={t("slugHint", { address: `${location.host}/o/${toSlug(slug) || "…"}` })}
      >
        <Input
          required
          autoComplete="off"
          spellCheck={false}
          maxLength={40}
          className="font-mono"
          value={slug}
          onValueChange={setOwnSlug}
        />
      </Field>
      <FormError error={error} />
      <Button type="submit" variant="primary" size="large" busy={busy}>
        {t("create")}
      </Button>
    </form>
  );
}
