import { createFileRoute, Navigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { AuthCard } from "../components/auth-card.tsx";
import { TextLink } from "../components/link.tsx";
import { SignUpForm } from "../features/auth/sign-up-form.tsx";
import { authClient } from "../lib/auth-client.ts";
import { toNext } from "../lib/next-page.ts";
import { usePageTitle } from "../lib/use-page-title.ts";

export const Route = createFileRoute("/sign-up")({
  validateSearch: (search): { next?: string } => toNext(search.next),
  component: SignUpPage,
});

function SignUpPage() {
  const t = useTranslations("auth");
  const { next } = Route.useSearch();
  const { data } = authClient.useSession();
  usePageTitle(t("createAccount"));
  if (data !== null) return <Navigate to={next ?? "/"} replace />;
  return (
    <AuthCard
      title={t("signUpTitle")}
      sentence={t("signUpSentence")}
      footer={t.rich("toSignIn", { link: toSignInLink })}
    >
      <SignUpForm />
    </AuthCard>
  );
}

/** Keeps the page to go to afterwards. */
function toSignInLink(text: ReactNode) {
  return (
    <TextLink to="/sign-in" search={true}>
      {text}
    </TextLink>
  );
}
