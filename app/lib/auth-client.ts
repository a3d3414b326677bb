import { jwtClient, organizationClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";

/** The session, sign-in, sign-up and organization calls of `/api/auth`, by cookie on our own origin. */
export const authClient = createAuthClient({
  baseURL: location.origin,
  basePath: "/api/auth",
  plugins: [jwtClient(), organizationClient()],
});

type AuthAnswer<Data> = { data: Data | null; error: { code?: string; message?: string; status: number } | null };

/** A refusal by `/api/auth`. `code` is better-auth's own, such as `INVALID_EMAIL_OR_PASSWORD`. */
export class AuthError extends Error {
  override name = "AuthError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The data of an auth call; throws `AuthError` when it was refused. */
export async function requireAuthData<Data>(answer: Promise<AuthAnswer<Data>>): Promise<Data> {
  const { data, error } = await answer;
  if (error !== null) throw new AuthError(error.code ?? "", error.status, error.message ?? "");
  if (data === null) throw new AuthError("", 0, "");
  return data;
}
