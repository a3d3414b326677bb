import { useState, type SyntheticEvent } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../components/button.tsx";
import { Field } from "../../components/field.tsx";
import { FormError } from "../../components/form-error.tsx";
import { Input } from "../../components/input.tsx";
import { authClient, requireAuthData } from "../../lib/auth-client.ts";
import { toAppError, type AppError } from "../../lib/error-message.ts";

/** Signs in by e-mail and password. Stays busy on success: the page leaves when the session arrives. */
export function SignInForm() {
  const t = useTranslations("auth");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError | null>(null);

  async function submit(event: SyntheticEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await requireAuthData(authClient.signIn.email({ email, password }));
    } catch (thrown) {
      setError(toAppError(thrown));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      <Field label={t("email")} name="email">
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- The page is this form and nothing else. */}
        <Input type="email" autoComplete="username" required autoFocus value={email} onValueChange={setEmail} />
      </Field>
      <Field label={t("password")} name="password">
        <Input type="password" autoComplete="current-password" required value={password} onValueChange={setPassword} />
      </Field>
      <FormError error={error} />
      <Button type="submit" variant="primary" size="large" busy={busy}>
        {t("signIn")}
      </Button>
    </form>
  );
}
