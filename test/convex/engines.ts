import type { FunctionReference, FunctionReturnType, FunctionArgs, UserIdentity } from "convex/server";
import { getFunctionName } from "convex/server";
import { ConvexError, convexToJson, jsonToConvex } from "convex/values";
import type { JSONValue, Value } from "convex/values";
import { convexTest } from "convex-test";
import batchWorkerSchema from "../../node_modules/@convex-dev/batch-worker/dist/component/schema.js";
import rateLimiterSchema from "../../node_modules/@convex-dev/rate-limiter/dist/component/schema.js";
import schema from "../../convex/schema.ts";

type AnyFunction = FunctionReference<"query" | "mutation" | "action", "public" | "internal">;

/** A fresh deployment of convex/ with nothing in it, whichever engine runs it. */
export interface Deployment extends AsyncDisposable {
  /** Calls any function, internal ones too; `as` is the signed-in user's id. Throws what the function throws. */
  call<F extends AnyFunction>(reference: F, args: FunctionArgs<F>, as?: string): Promise<FunctionReturnType<F>>;
  /** Sends a request to the HTTP actions. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  readonly siteUrl: string;
}

export interface Engine {
  readonly name: string;
  deploy(): Promise<Deployment>;
}

const rateLimiterModules = import.meta.glob("../../node_modules/@convex-dev/rate-limiter/dist/component/**/*.js");
const batchWorkerModules = import.meta.glob("../../node_modules/@convex-dev/batch-worker/dist/component/**/*.js");
const modules = import.meta.glob(["../../convex/**/*.ts", "../../convex/_generated/*.js"]);

const convexTestEngine: Engine = {
  name: "convex-test",
  async deploy() {
    process.env.SITE_URL = "http://localhost:3000";
    process.env.BETTER_AUTH_SECRET = "a secret that only these tests know, and long";
    const t = convexTest(schema, modules);
    t.registerComponent("rateLimiter", rateLimiterSchema, rateLimiterModules);
    t.registerComponent("rateLimiter/batchWorker", batchWorkerSchema, batchWorkerModules);
    return {
      siteUrl: process.env.SITE_URL,
      async call(reference, args, as) {
        const caller = as === undefined ? t : t.withIdentity({ subject: as, issuer: process.env.SITE_URL });
        const kind = await kindOf(reference);
        return await caller[kind](reference as never, args as never);
      },
      fetch: async (path, init) => await t.fetch(path, init),
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
};

const embeddedEngine: Engine = {
  name: "embedded backend",
  async deploy() {
    // Loaded late: the other engine does without the whole backend.
    const { startTestLatchkey } = await import("../helpers/latchkey.ts");
    const latchkey = await startTestLatchkey();
    const { CONVEX_SELF_HOSTED_URL: apiUrl = "", CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey = "" } = latchkey.cli;
    return {
      siteUrl: latchkey.url,
      async call(reference, args, as) {
        const identity: Partial<UserIdentity> = { subject: as, issuer: latchkey.url };
        const acting = as === undefined ? "" : `:${btoa(JSON.stringify(identity))}`;
        const response = await fetch(`${apiUrl}/api/function`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Convex ${adminKey}${acting}` },
          body: JSON.stringify({
            path: getFunctionName(reference),
            args: convexToJson(args as Value),
            format: "convex_encoded_json",
          }),
        });
        const answer = (await response.json()) as {
          status?: string;
          value: JSONValue;
          errorMessage: string;
          errorData?: JSONValue;
        };
        if (answer.status === "success") return jsonToConvex(answer.value);
        if (answer.errorData !== undefined) throw new ConvexError(jsonToConvex(answer.errorData));
        throw new Error(answer.errorMessage ?? JSON.stringify(answer));
      },
      fetch: async (path, init) => await fetch(latchkey.url + path, init),
      [Symbol.asyncDispose]: async () => await latchkey[Symbol.asyncDispose](),
    };
  },
};

/** Both, for `describe.each`. */
export const engines: readonly Engine[] = [convexTestEngine, embeddedEngine];

/** A reference does not say what it refers to; the function that was registered does. */
async function kindOf(reference: AnyFunction): Promise<"query" | "mutation" | "action"> {
  const [path, name] = getFunctionName(reference).split(":");
  const load = modules[`../../convex/${path}.ts`];
  if (load === undefined || name === undefined) throw new Error(`no module ${path}`);
  const registered = (await load()) as Record<string, { isQuery?: true; isMutation?: true; isAction?: true }>;
  const target = registered[name];
  if (target?.isQuery) return "query";
  if (target?.isMutation) return "mutation";
  if (target?.isAction) return "action";
  throw new Error(`${path}:${name} is no function`);
}
