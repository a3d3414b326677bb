/** Why a token was refused. The message is safe to show: it never holds the token. */
export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly code: TokenErrorCode;

  constructor(code: TokenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type TokenErrorCode =
  | "MalformedToken"
  | "NoAuthProvider"
  | "KeySetUnavailable"
  | "UnknownSigningKey"
  | "BadSignature"
  | "TokenExpired"
  | "TokenNotYetValid"
  | "MissingClaim";
