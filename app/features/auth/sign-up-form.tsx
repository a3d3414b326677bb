import { useState, type SyntheticEvent } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../components/button.tsx";
import { Field } from "../../components/field.tsx";
import { FormError } from "../../components/form-error.tsx";
import { Input } from "../../components/input.tsx";
import { authClient, requireAuthData } from "../../lib/auth-client.ts";
import { toAppError, type AppError } from "../../lib/error-message.ts";

// better-auth's own bounds, said before the server has to refuse.
const PASSWORD_MIN = 8;
const PASSWORD_MAX = 128;

/** Makes an account and signs it in. Stays busy on success: the page leaves when the session arrives. */
export function SignUpForm() {
  const t = useTranslations("auth");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError | null>(null);

  async function submit(event: SyntheticEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await requireAuthData(authClient.signUp.email({ name: name.trim(), email, password }));
    } catch (thrown) {
      setError(toAppError(thrown));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      <Field label={t("name")} name="name">
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- The page is this form and nothing else. */}
        <Input autoComplete="name" required maxLength={100} autoFocus value={name} onValueChange={setName} />
      </Field>
      <Field label={t("email")} name="email">
        <Input type="email" autoComplete="username" required value={email} onValueChange={setEmail} />
      </Field>
      <Field label={t("password")} name="password" hint={t("passwordHint", { count: PASSWORD_MIN })}>
        <Input
          type="password"
          autoComplete="new-password"
          required
          minLength={PASSWORD_MIN}
          maxLength={PASSWORD_MAX}
          value={password}
          onValueChange={setPassword}
        />
      </Field>
      <FormError error={error} />
      <Button type="submit" variant="primary" size="large" busy={busy}>
        {t("createAccount")}
      </Button>
    </form>
  );
}
