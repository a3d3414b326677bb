import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { messageOf, OperatorError, systemErrorCode } from "./operator-error.ts";

/** What is generated once per data folder and kept in its secrets.json, readable by the owner only. */
export interface Secrets {
  /** Opens the backend's admin routes; the official CLI presents it. */
  readonly adminKey: string;
  /** Signs sessions and encrypts the private signing key at rest. */
  readonly authSecret: string;
  /** Shown to a remote deployment, which then believes this server about the address of a client. */
  readonly proxySecret: string;
}

/**
 * Makes the data folder if it is missing (mode 0700) and tries whether it can be written.
 * Throws an OperatorError that names the folder when it cannot.
 */
export function openDataFolder(folder: string): void {
  const probe = join(folder, `.write-test-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw new OperatorError(
      `the data folder ${folder} cannot be written (${systemErrorCode(error) ?? messageOf(error)})`,
      "make it writable for this user, or choose another one: npm start -- --data <folder>",
      { cause: error },
    );
  }
}

/**
 * Reads the folder's secrets, making them first where there are none; an older folder gets what it lacks. Throws an OperatorError when the file is there but cannot be
 * used: new secrets in its place would sign everybody out and lock out the signing key.
 */
export function loadSecrets(folder: string): Secrets {
  const file = join(folder, "secrets.json");
  if (!existsSync(file)) {
    const secrets = {
      adminKey: `latchkey|${randomBytes(32).toString("hex")}`,
      authSecret: randomBytes(32).toString("base64url"),
      proxySecret: newProxySecret(),
    };
    writeSecrets(file, secrets);
    return secrets;
  }
  try {
    const secrets: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (hasEssentials(secrets)) {
      chmodSync(file, 0o600);
      if (hasProxySecret(secrets)) return secrets;
      const completed = { ...secrets, proxySecret: newProxySecret() };
      writeSecrets(file, completed);
      return completed;
    }
    throw new Error("adminKey or authSecret is missing");
  } catch (error) {
    throw new OperatorError(
      `${file} cannot be used: ${messageOf(error)}`,
      "restore it from a backup; the data folder is of little use without it",
      { cause: error },
    );
  }
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivateFile(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

function writeSecrets(file: string, secrets: Secrets): void {
  writePrivateFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
}

function newProxySecret(): string {
  return randomBytes(32).toString("base64url");
}

function hasProxySecret(secrets: Omit<Secrets, "proxySecret">): secrets is Secrets {
  return "proxySecret" in secrets && typeof secrets.proxySecret === "string" && secrets.proxySecret !== "";
}

/** Those that cannot be made anew without losing something. */
function hasEssentials(value: unknown): value is Omit<Secrets, "proxySecret"> {
  if (typeof value !== "object" || value === null || !("adminKey" in value) || !("authSecret" in value)) return false;
  return (
    typeof value.adminKey === "string" &&
    value.adminKey !== "" &&
    typeof value.authSecret === "string" &&
    value.authSecret !== ""
  );
}
