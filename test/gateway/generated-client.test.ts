import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { PERMISSIONS } from "../../convex/shared/permissions.ts";
import { PROJECT, runProgram } from "../../scripts/lib/program.ts";
import { engines } from "../convex/engines.ts";
import { liveDocument } from "./document.ts";
import { placed } from "./operation-call.ts";
import { statusOf, walked } from "./recipe.ts";
import type { Walked } from "./recipe.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

// The generator and the compiler are programs that take seconds each.
vi.setConfig({ testTimeout: 120_000 });

const WORKSPACE = join(PROJECT, "test/generated-client");
const COMPILER_OPTIONS = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  module: "NodeNext",
  target: "ES2023",
  lib: ["ES2023", "DOM", "DOM.Iterable"],
  types: [],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-client-"));
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "openapi.json"), JSON.stringify(liveDocument));
  const generator = join(WORKSPACE, "node_modules/openapi-typescript/bin/cli.js");
  const { code, output } = await node([generator, join(folder, "openapi.json"), "-o", join(folder, "schema.d.ts")]);
  expect([code, output]).toEqual([0, expect.any(String)]);
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const node = async (args: string[]) => await runProgram(process.execPath, args, { cwd: folder });

/** The lines of a file in which TypeScript 5 finds something wrong. */
async function compile(file: string): Promise<{ lines: number[]; output: string }> {
  const config = { compilerOptions: COMPILER_OPTIONS, files: [file] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { output } = await node([join(WORKSPACE, "node_modules/typescript/bin/tsc"), "-p", folder]);
  const found = output.matchAll(new RegExp(`^${file}\\((\\d+),`, "gm"));
  return { lines: [...new Set([...found].map((match) => Number(match[1])))], output };
}

test("H19: in a generated client, mistakes do not compile", async () => {
  await copyFile(join(WORKSPACE, "wrong.ts"), join(folder, "wrong.ts"));
  const source = (await readFile(join(folder, "wrong.ts"), "utf8")).split("\n");
  const calls = source.flatMap((line, index) => (line.endsWith("// wrong") ? [index + 1] : []));
  const { lines, output } = await compile("wrong.ts");
  expect({ lines, output }).toEqual({ lines: calls, output });
  expect(calls.length).toBeGreaterThan(10);
});

describe.each(engines.filter(({ name }) => name === "embedded backend"))(
  "a generated client, on the $name",
  (engine) => {
    let world: World;
    let key: string;
    beforeAll(async () => {
      world = await openWorld(engine);
      const permissions = [...Object.keys(PERMISSIONS), "orders:*"];
      ({ key } = await world.createKey({ name: "client", ownerKind: "service", permissions }));
    });
    afterAll(async () => await world[Symbol.asyncDispose]());

    test("H19: does what a typical program asks of it", async () => {
      await copyFile(join(WORKSPACE, "typical.ts"), join(folder, "typical.ts"));
      expect(await compile("typical.ts")).toEqual({ lines: [], output: "" });
      const { code, output } = await node(["--no-warnings", "typical.ts", world.site, key]);
      expect([code, output]).toEqual([0, expect.stringMatching(/^\{/)]);
      expect(JSON.parse(output)).toEqual({
        names: ["second", "first", "client"],
        before: "VALID for orders:read",
        after: "REVOKED",
        other: "VALID for orders:read",
        deleted: 204,
        gone: "NOT_FOUND",
      });
    });

    test("H19: calls every operation with the types that were made for it", async () => {
      const calls: string[] = [];
      for (const one of walked) calls.push(await toCall(one, world));
      const source = [
        'import createClient from "openapi-fetch";',
        'import type { paths } from "./schema.js";',
        "declare const process: { argv: string[] };",
        'const [, , baseUrl = "", key = "", session = ""] = process.argv;',
        'const querySerializer = { array: { style: "form", explode: false } } as const;',
        'const byKey = createClient<paths>({ baseUrl, querySerializer, headers: { "X-Api-Key": key } });',
        "const bySession = createClient<paths>({ baseUrl, querySerializer, headers: { Authorization: `Bearer ${session}` } });",
        "const statuses: Record<string, number> = {};",
        ...calls,
        "console.log(JSON.stringify(statuses));",
      ];
      await writeFile(join(folder, "every.ts"), `${source.join("\n")}\n`);
      expect(await compile("every.ts")).toEqual({ lines: [], output: "" });
      const { code, output } = await node(["--no-warnings", "every.ts", world.site, key, world.owner.token]);
      expect([code, output]).toEqual([0, expect.stringMatching(/^\{/)]);
      const statuses = z.record(z.string(), z.number()).parse(JSON.parse(output));
      expect(statuses).toEqual(
        Object.fromEntries(walked.map(({ operation }) => [operation.operationId, statusOf(operation)])),
      );
    });
  },
);

/** One call as a line of TypeScript. It reads the answer's body, which is JSON unless the line says otherwise. */
async function toCall({ operation, recipe }: Walked, world: World): Promise<string> {
  const { path, query, body } = placed(operation, await recipe.input(world));
  const options = {
    params: { ...(!isEmpty(path) && { path }), ...(!isEmpty(query) && { query }) },
    ...(operation.requestBody !== undefined && { body }),
  };
  const client = recipe.by === "session" ? "bySession" : "byKey";
  const accept = ', headers: { Accept: "application/json" }';
  return `statuses[${JSON.stringify(operation.operationId)}] = (await ${client}.${operation.method}(${JSON.stringify(operation.path)}, ${JSON.stringify(options).slice(0, -1)}${accept} })).response.status;`;
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}
