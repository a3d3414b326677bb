import { useId, useRef, useState, type ReactNode, type SyntheticEvent } from "react";
import { useTranslations } from "use-intl";

import type { KeyEnv } from "#convex/shared/keyFormat.ts";
import { checkName, NAME_MAX_LENGTH } from "#convex/shared/limits.ts";
import { isLatchkeyPermission } from "#convex/shared/permissions.ts";

import { Button } from "../../components/button.tsx";
import { Choice } from "../../components/choice.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Field } from "../../components/field.tsx";
import { FormError } from "../../components/form-error.tsx";
import { Input } from "../../components/input.tsx";
import { inOrganization, operations } from "../../lib/api.ts";
import { useNow } from "../../lib/now.ts";
import { useOrganization } from "../../lib/organization.ts";
import { useOperation } from "../../lib/use-operation.ts";
import { AboutFields, readAbout, type AboutInput } from "./about-fields.tsx";
import { ExpiryPicker } from "./expiry-picker.tsx";
import { defaultExpiry, toExpiresAt, type Expiry } from "./expiry.ts";
import { LEAST, offeredPermissions, ownerKindsFor, type OwnerKind } from "./key-granting.ts";
import { KeySummary } from "./key-summary.tsx";
import { PermissionPicker, readDraft } from "./permission-picker.tsx";
import { RateLimitFields, toRateLimit, type RateLimitInput } from "./rate-limit-fields.tsx";
import type { RevealedKey } from "./key-reveal.tsx";

type CreateKeyFormProps = { onClose: () => void; onCreated: (revealed: RevealedKey) => void };

/** The four parts of a key: name and owner, permissions, limits, expiry. */
export function CreateKeyForm({ onClose, onCreated }: CreateKeyFormProps) {
  const t = useTranslations("keys.create");
  const formId = useId();
  const nameRef = useRef<HTMLInputElement>(null);
  const organization = useOrganization();
  const now = useNow();
  const { busy, error, run } = useOperation();

  const [name, setName] = useState("");
  const [about, setAbout] = useState<AboutInput>({ description: "", tags: "" });
  const [env, setEnv] = useState<KeyEnv>("live");
  const [ownerKind, setOwnerKind] = useState<OwnerKind>("personal");
  const offered = offeredPermissions(organization.role, ownerKind);
  const [wanted, setWanted] = useState<string[]>([LEAST]);
  const [draft, setDraft] = useState("");
  const [rateLimit, setRateLimit] = useState<RateLimitInput>({ limit: "", window: "minute" });
  const [expiry, setExpiry] = useState<Expiry>(defaultExpiry);
  const [submitted, setSubmitted] = useState(false);

  // Changing the owner can shrink what is offered; what is no longer offered is not asked for.
  const permissions = wanted.filter((permission) => !isLatchkeyPermission(permission) || offered.includes(permission));
  const named = checkName(name);
  const { description, tags } = readAbout(about);
  const expiresAt = toExpiresAt(expiry, now);
  const rate = toRateLimit(rateLimit);

  async function submit(event: SyntheticEvent) {
    event.preventDefault();
    setSubmitted(true);
    const freshExpiresAt = toExpiresAt(expiry, Date.now());
    if (!named.ok) nameRef.current?.focus();
    // A permission that was typed but not added would be silently missing, so an unfinished one stops the form.
    if (!named.ok || freshExpiresAt === null || rate === "invalid" || readDraft(draft) === "invalid") return;
    if (!description.ok || !tags.ok) return;
    await run(async () => {
      const input = {
        name: named.value.name,
        env,
        ownerKind,
        permissions,
        expiresAt: freshExpiresAt,
        ...(description.value !== "" && { description: description.value }),
        ...(tags.value.length > 0 && { tags: tags.value }),
        ...(rate !== null && { rateLimit: rate }),
      };
      const created = await operations.keys.create.mutate(input, inOrganization(organization._id));
      onCreated({ key: created.key, name: created.name });
    });
  }

  return (
    <Dialog
      open
      sticky
      onClose={onClose}
      title={t("title")}
      width="wide"
      initialFocus={nameRef}
      footer={
        <>
          <KeySummary
            permissions={permissions}
            expiresAt={expiresAt}
            ownerKind={ownerKind}
            organization={organization.name}
          />
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" form={formId} variant="primary" busy={busy}>
            {t("submit")}
          </Button>
        </>
      }
    >
      <form id={formId} noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-6">
        <Part title={t("nameAndOwner")}>
          <Field label={t("name")} hint={t("nameHint")} error={submitted && !named.ok ? nameProblem(name, t) : null}>
            <Input
              ref={nameRef}
              autoComplete="off"
              placeholder={t("namePlaceholder")}
              value={name}
              onValueChange={setName}
            />
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <Labelled label={t("owner")} hint={t(`ownerHint.${ownerKind}`)}>
              <Choice
                label={t("owner")}
                value={ownerKind}
                onChange={setOwnerKind}
                options={ownerKindsFor(organization.role).map((kind) => ({
                  value: kind,
                  label: t(`ownerKind.${kind}`),
                }))}
              />
            </Labelled>
            <Labelled label={t("env")} hint={t("envHint")}>
              <Choice
                label={t("env")}
                value={env}
                onChange={setEnv}
                options={[
                  { value: "live", label: t("envName.live") },
                  { value: "test", label: t("envName.test") },
                ]}
              />
            </Labelled>
          </div>
          <AboutFields value={about} onChange={setAbout} />
        </Part>
        <Part title={t("permissions")}>
          <PermissionPicker
            offered={offered}
            value={permissions}
            onChange={setWanted}
            draft={draft}
            onDraft={setDraft}
            draftWrong={submitted}
          />
        </Part>
        <Part title={t("limits")}>
          <RateLimitFields value={rateLimit} onChange={setRateLimit} invalid={submitted && rate === "invalid"} />
        </Part>
        <Part title={t("expiry")}>
          <ExpiryPicker
            value={expiry}
            onChange={setExpiry}
            now={now}
            error={submitted && expiresAt === null ? t("dateProblem") : null}
          />
        </Part>
        <FormError error={error} />
      </form>
    </Dialog>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-4">
      <legend className="mb-3 w-full border-b border-border pb-1.5 text-sm font-semibold text-muted">{title}</legend>
      {children}
    </fieldset>
  );
}

function Labelled({ label, hint, children }: { label: string; hint: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1.5">
      <span aria-hidden className="text-sm font-medium">
        {label}
      </span>
      {children}
      <p className="text-sm text-muted">{hint}</p>
    </div>
  );
}

function nameProblem(name: string, t: ReturnType<typeof useTranslations<"keys.create">>): string {
  const trimmed = name.trim();
  if (trimmed === "") return t("nameMissing");
  return Array.from(trimmed).length > NAME_MAX_LENGTH ? t("nameTooLong", { max: NAME_MAX_LENGTH }) : t("nameInvisible");
}
