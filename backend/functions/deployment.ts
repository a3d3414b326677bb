import type { JsonValue } from "../values/json.ts";

/** What one deployed version of the user's code consists of; replaced as a whole by a push. */
export interface Deployment {
  readonly id: string;
  /** Keyed by mount path: `""` is the app, `rateLimiter/batch` a component inside a component. */
  readonly mounts: ReadonlyMap<string, Mount>;
  readonly authProviders: readonly AuthProvider[];
  /** The app's own variables as stored and configured, without the two origins. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One instance of a component definition: its own tables, modules and `process.env`. */
export interface Mount {
  readonly path: string;
  readonly definitionPath: string;
  /** What `process.env` shows to code of this mount, the two origins included. */
  readonly environment: Readonly<Record<string, string>>;
  /** Child name to the child's mount path. */
  readonly children: ReadonlyMap<string, string>;
  /** Keyed by canonical path, `dir/module:name`. */
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  readonly schema: Schema | null;
  readonly crons: readonly CronSpec[];
  /** Longest prefix first; a prefix starts and ends with `/`. */
  readonly httpMounts: readonly HttpMount[];
  readonly hasHttpModule: boolean;
  readonly modules: ReadonlyMap<string, ModuleSource>;
}

export interface HttpMount {
  readonly prefix: string;
  readonly mount: string;
}

export type FunctionKind = "query" | "mutation" | "action";

export interface FunctionDefinition {
  /** Module path without `.js`, as in `dir/module`. */
  readonly module: string;
  readonly name: string;
  readonly kind: FunctionKind;
  readonly visibility: "public" | "internal";
  /** Validator JSON text as `exportArgs()` gives it. */
  readonly args: string | null;
  /** Validator JSON text, or null when the function declares no `returns`. */
  readonly returns: string | null;
}

/** `path` ends in `.js`; shared chunks live under `_deps/`. */
export interface ModuleSource {
  readonly path: string;
  readonly source: string;
  readonly sourceMap: string | null;
  readonly environment: "isolate" | "node";
  /** Hex SHA-256 of the source followed by the source map. */
  readonly sha256: string;
}

export interface CronSpec {
  readonly identifier: string;
  /** Function path in this mount, as given to `crons.interval(…)`. */
  readonly name: string;
  /** The function's one arguments object. */
  readonly args: JsonValue;
  readonly schedule: CronSchedule;
}

export type DayOfWeek = "sunday" | "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday";

/** All times of day are UTC; a missing minute means 0. */
export type CronSchedule =
  | { readonly type: "interval"; readonly seconds: number }
  | { readonly type: "interval"; readonly minutes: number }
  | { readonly type: "interval"; readonly hours: number }
  | { readonly type: "cron"; readonly cron: string }
  | { readonly type: "hourly"; readonly minuteUTC?: number }
  | { readonly type: "daily"; readonly hourUTC: number; readonly minuteUTC?: number }
  | {
      readonly type: "weekly";
      readonly dayOfWeek: DayOfWeek;
      readonly hourUTC: number;
      readonly minuteUTC?: number;
    }
  | {
      readonly type: "monthly";
      readonly day: number;
      readonly hourUTC: number;
      readonly minuteUTC?: number;
    };

export interface Schema {
  /** False when the schema was defined with `schemaValidation: false`. */
  readonly validated: boolean;
  readonly tables: ReadonlyMap<string, TableDefinition>;
}

export interface TableDefinition {
  readonly name: string;
  readonly indexes: readonly IndexDefinition[];
  /** Declared with `staged: true`: not built and not usable yet. */
  readonly stagedIndexes: readonly IndexDefinition[];
  /** Parsed validator JSON of the documents, or null when anything is allowed. */
  readonly documentType: JsonValue;
}

export interface IndexDefinition {
  readonly name: string;
  /** As declared, without the trailing `_creationTime`. */
  readonly fields: readonly string[];
}

export type AuthProvider =
  | { readonly applicationID: string; readonly domain: string }
  | {
      readonly type: "customJwt";
      readonly applicationID: string | null;
      readonly issuer: string;
      /** URL or `data:` URI. */
      readonly jwks: string;
      readonly algorithm: string;
    };

/** Where the live deployment is found. Implemented in `deploy/`; a backend has exactly one. */
export interface CurrentDeployment {
  /** Null until the first push. */
  current(): Deployment | null;
  /** Called after every switch, also when only environment variables changed. Returns the unsubscriber. */
  onSwitch(listener: (deployment: Deployment) => void): () => void;
}
