/// <reference types="vite/client" />
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { getFunctionName, makeFunctionReference } from "convex/server";
import { ConvexError, convexToJson, jsonToConvex } from "convex/values";
import type { Value } from "convex/values";
import { convexTest } from "convex-test";
import * as z from "zod";
import migrationsSchema from "../../node_modules/@convex-dev/migrations/dist/component/schema.js";
import type { TableNames } from "../../convex/_generated/dataModel.js";
import schema from "../../convex/schema.ts";

type AnyFunction = FunctionReference<"query" | "mutation" | "action", "public" | "internal">;

/** A fresh deployment of convex/ with nothing in it, whichever engine runs it. */
export interface Deployment extends AsyncDisposable {
  /** Calls any function, internal ones too; `as` is the signed-in user's id. Throws what the function throws. */
  call<F extends AnyFunction>(reference: F, args: FunctionArgs<F>, as?: string): Promise<FunctionReturnType<F>>;
  /** Every row of a table, newest first; for what no function shows. */
  rows(table: TableNames): Promise<Record<string, unknown>[]>;
  /** Sends a request to the HTTP actions. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  readonly siteUrl: string;
}

export interface Engine {
  readonly name: string;
  deploy(): Promise<Deployment>;
}

const migrationsModules = import.meta.glob("../../node_modules/@convex-dev/migrations/dist/component/**/*.js");
const modules = import.meta.glob<object>(["../../convex/**/*.ts", "../../convex/_generated/*.js"]);

/** A deployment of convex/ inside this process, of which a test may also touch the rows. */
export function openConvexTest() {
  process.env.SITE_URL = "http://localhost:3000";
  process.env.BETTER_AUTH_SECRET = "a secret that only these tests know, and long";
  const t = convexTest(schema, modules);
  t.registerComponent("migrations", migrationsSchema, migrationsModules);
  const deployment: Deployment = {
    siteUrl: process.env.SITE_URL,
    async call(reference, args, as) {
      const caller = as === undefined ? t : t.withIdentity({ subject: as, issuer: process.env.SITE_URL });
      const path = functionOf(reference);
      const kind = await kindOf(path);
      if (kind === "query") return await caller.query(makeFunctionReference<"query">(path), args);
      if (kind === "mutation") return await caller.mutation(makeFunctionReference<"mutation">(path), args);
      return await caller.action(makeFunctionReference<"action">(path), args);
    },
    rows: async (table) => await t.run(async (ctx) => await ctx.db.query(table).order("desc").take(ROWS_MAX)),
    fetch: async (path, init) => await t.fetch(path, init),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { t, deployment };
}

const convexTestEngine: Engine = {
  name: "convex-test",
  deploy: async () => openConvexTest().deployment,
};

const embeddedEngine: Engine = {
  name: "embedded backend",
  deploy: () => deployEmbedded({}),
};

/** The embedded backend on a data folder of the caller's, which stays when the deployment ends. */
export function deployOn(dataFolder: string): Promise<Deployment> {
  return deployEmbedded({ dataFolder, keep: true });
}

async function deployEmbedded(options: { dataFolder?: string; keep?: boolean }): Promise<Deployment> {
  // Loaded late: the other engine does without the whole backend.
  const { startTestLatchkey } = await import("../helpers/latchkey.ts");
  const latchkey = await startTestLatchkey(options);
  const { CONVEX_SELF_HOSTED_URL: apiUrl = "", CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey = "" } = latchkey.cli;
  async function run(path: string, args: Value, as?: string): Promise<z.infer<ReturnType<typeof z.json>>> {
    const identity = { subject: as, issuer: latchkey.url };
    const acting = as === undefined ? "" : `:${btoa(JSON.stringify(identity))}`;
    const response = await fetch(`${apiUrl}/api/function`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Convex ${adminKey}${acting}` },
      body: JSON.stringify({ path, args: convexToJson(args), format: "convex_encoded_json" }),
    });
    const answer = Answer.parse(await response.json());
    if (answer.status === "success") return answer.value;
    if (answer.errorData !== undefined) throw new ConvexError(fromJson(answer.errorData));
    throw new Error(answer.errorMessage);
  }
  return {
    siteUrl: latchkey.url,
    call: async (reference, args, as) => fromJson(await run(functionOf(reference), args, as)),
    async rows(table) {
      const args = { table, order: "desc", paginationOpts: { cursor: null, numItems: ROWS_MAX } };
      return TablePage.parse(await run("_system/cli/tableData:default", args)).page;
    },
    fetch: async (path, init) => await fetch(latchkey.url + path, init),
    [Symbol.asyncDispose]: async () => await latchkey[Symbol.asyncDispose](),
  };
}

/** For `describe.each`: both, or with LATCHKEY_TEST_ENGINES=embedded the one that answers over real sockets. */
export const engines: readonly Engine[] =
  process.env.LATCHKEY_TEST_ENGINES === "embedded" ? [embeddedEngine] : [convexTestEngine, embeddedEngine];

const ROWS_MAX = 20_000;
const TablePage = z.object({ page: z.array(z.record(z.string(), z.unknown())) });
const Answer = z.discriminatedUnion("status", [
  z.object({ status: z.literal("success"), value: z.json() }),
  z.object({ status: z.literal("error"), errorMessage: z.string(), errorData: z.json().optional() }),
]);

function functionOf(reference: AnyFunction): string {
  return getFunctionName(reference);
}

/** A reference does not say what it refers to; the function that was registered does. */
async function kindOf(path: string): Promise<"query" | "mutation" | "action"> {
  const [file, name] = path.split(":");
  const load = modules[`../../convex/${file}.ts`];
  if (load === undefined || name === undefined) throw new Error(`no module ${file}`);
  const target = new Map(Object.entries(z.record(z.string(), z.unknown()).parse({ ...(await load()) }))).get(name);
  if (typeof target !== "function") throw new Error(`${path} is no function`);
  if ("isQuery" in target) return "query";
  return "isMutation" in target ? "mutation" : "action";
}

/** Convex JSON to a value; what came over the wire is JSON already. */
function fromJson(json: z.infer<ReturnType<typeof z.json>>): Value {
  return jsonToConvex(json);
}
