/** One line of the backend's own log: what happened to the server, never what users sent. */
export interface BackendLogEntry {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly error?: unknown;
  readonly requestId?: string;
}

export interface BackendConfig {
  /** Folder of the database; created when missing, and locked against a second process. */
  readonly dataDir: string;
  /** Public origin without trailing slash; functions see it as `CONVEX_SITE_URL` and `CONVEX_CLOUD_URL`. */
  readonly siteUrl: string;
  /** Public origin of the sync socket and functions API, when it is another one than `siteUrl`. */
  readonly cloudUrl?: string;
  /** Where the whole API, deploy routes included, listens. Keep it on the loopback. */
  readonly apiHost?: string;
  readonly apiPort?: number;
  readonly adminKey: string;
  /** Variables under those that are set in the deployment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Hides the messages of failed functions from clients. */
  readonly production?: boolean;
  /** Lower-case header in which HTTP actions get the socket's address; clients cannot send it. */
  readonly peerAddressHeader?: string;
  readonly limits?: Partial<Limits>;
  log(entry: BackendLogEntry): void;
  /** The disk has failed: nothing can be promised any more, and the process should end. */
  onFailure?(error: Error): void;
}

export interface Limits {
  /** Longest body of an HTTP action, in bytes. */
  readonly httpActionBodyBytes: number;
  /** Longest body of a function call or push after decompression, in bytes. */
  readonly apiBodyBytes: number;
  /** Longest body of a call by somebody who is no admin, after decompression, in bytes. */
  readonly publicApiBodyBytes: number;
  /** A request body that takes longer to arrive is given up. */
  readonly bodyTimeoutMs: number;
  /** What may wait to be sent to one slow sync socket before it is closed, in bytes. */
  readonly socketBacklogBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  httpActionBodyBytes: 20 * 1024 * 1024,
  apiBodyBytes: 256 * 1024 * 1024,
  publicApiBodyBytes: 20 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  socketBacklogBytes: 64 * 1024 * 1024,
};

export function resolveLimits(config: BackendConfig): Limits {
  return { ...DEFAULT_LIMITS, ...config.limits };
}
