export type DeployErrorCode =
  | "AuthConfigMissingEnvironmentVariable"
  | "BadDeployRequest"
  | "InvalidAuthConfig"
  | "InvalidComponentDefinition"
  | "InvalidEnvironmentVariable"
  | "InvalidModules"
  | "InvalidSchema"
  | "MissingEnvironmentVariables"
  | "NodeRuntimeNotSupported"
  | "RaceDetected"
  | "SchemaValidationFailed"
  | "UnknownPush";

/** A refused push, as the CLI prints it. */
export class DeployError extends Error {
  override readonly name = "DeployError";
  readonly code: DeployErrorCode;
  /** HTTP status. */
  readonly status: number;

  constructor(code: DeployErrorCode, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
