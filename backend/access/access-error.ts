/** A request refused before any function ran. `status` is HTTP's; `code` is stable, `message` is for people. */
export class AccessError extends Error {
  override readonly name = "AccessError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}
