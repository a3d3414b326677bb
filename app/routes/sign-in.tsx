import { createFileRoute, Navigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { AuthCard } from "../components/auth-card.tsx";
import { TextLink } from "../components/link.tsx";
import { SignInForm } from "../features/auth/sign-in-form.tsx";
import { authClient } from "../lib/auth-client.ts";
import { toNext } from "../lib/next-page.ts";
import { usePageTitle } from "../lib/use-page-title.ts";

export const Route = createFileRoute("/sign-in")({
  validateSearch: (search): { next?: string } => toNext(search.next),
  component: SignInPage,
});

function SignInPage() {
  const t = useTranslations("auth");
  const { next } = Route.useSearch();
  const { data } = authClient.useSession();
  usePageTitle(t("signIn"));
  if (data !== null) return <Navigate to={next ?? "/"} replace />;
  return (
    <AuthCard
      title={t("signInTitle")}
      sentence={t("signInSentence")}
      footer={t.rich("toSignUp", { link: toSignUpLink })}
    >
      <SignInForm />
    </AuthCard>
  );
}

/** Keeps the page to go to afterwards. */
function toSignUpLink(text: ReactNode) {
  return (
    <TextLink to="/sign-up" search={true}>
      {text}
    </TextLink>
  );
}
