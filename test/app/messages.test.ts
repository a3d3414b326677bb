/// <reference types="node" />
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { HTTP_STATUS } from "#convex/shared/errors.ts";
import { PERMISSIONS } from "#convex/shared/permissions.ts";

const APP = new URL("../../app/", import.meta.url).pathname;
const MESSAGES = join(APP, "messages");
const sources = readdirSync(APP, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".gen.ts"))
  .map((name) => ({ name, text: readFileSync(join(APP, name), "utf8") }));

const english = keysOf(readMessages("en.json"));
const uses = sources.flatMap(({ name, text }) => findUses(name, text));

test("every message that the code names exists", () => {
  expect(uses.length).toBeGreaterThan(100);
  const missing = uses.filter(({ pattern }) => !english.some((key) => pattern.test(key)));
  expect(missing.map(({ name, key }) => `${name}: ${key}`)).toEqual([]);
});

test("no message is left over", () => {
  expect(english.filter((key) => !uses.some(({ pattern }) => pattern.test(key)))).toEqual([]);
});

test("every error code and every permission has its words", () => {
  const wanted = [
    ...Object.keys(HTTP_STATUS).map((code) => `errors.${code}`),
    ...Object.keys(PERMISSIONS).flatMap((name) => [`permissions.${name}.label`, `permissions.${name}.ability`]),
  ];
  expect(wanted.filter((key) => !english.includes(key))).toEqual([]);
});

describe.each(readdirSync(MESSAGES))("%s", (file) => {
  test("has the keys and the placeholders of the English messages", () => {
    const messages = readMessages(file);
    expect(keysOf(messages).toSorted()).toEqual(english.toSorted());
    expect(placeholders(messages)).toEqual(placeholders(readMessages("en.json")));
  });
});

test("no component holds words of its own", () => {
  const found = sources
    .filter(({ name }) => name.endsWith(".tsx"))
    .flatMap(({ name, text }) => {
      const between = [...text.matchAll(/>\s*([^<>{}=;()`]*\p{L}{2,}[^<>{}=;()`]*?)\s*<\//gu)];
      const attributes = [
        ...text.matchAll(/\b(?:aria-label|placeholder|title|alt|label|sentence)="([^"]*\p{L}{2,}[^"]*)"/gu),
      ];
      return [...between, ...attributes].map((match) => `${name}: ${match[1]}`);
    });
  expect(found).toEqual([]);
});

type Messages = { [key: string]: string | Messages };

function readMessages(file: string): Messages {
  const messages: Messages = JSON.parse(readFileSync(join(MESSAGES, file), "utf8"));
  return messages;
}

function keysOf(messages: Messages, prefix = ""): string[] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === "string" ? [prefix + key] : keysOf(value, `${prefix}${key}.`),
  );
}

/** Which `{names}` and `<tags>` each message has: a translation that drops one loses content. */
function placeholders(messages: Messages, prefix = ""): Record<string, string[]> {
  const found = Object.entries(messages).flatMap(([key, value]): [string, string[]][] => {
    if (typeof value !== "string") return Object.entries(placeholders(value, `${prefix}${key}.`));
    const names = [...value.matchAll(/\{(\w+)(?=[},])|<(\w+)>/g)].map(([, name, tag]) => name ?? tag ?? "");
    return [[prefix + key, [...new Set(names)].toSorted()]];
  });
  return Object.fromEntries(found);
}

/**
 * The messages that a file names: each call of a translator, under the namespace of the translator's declaration before
 * it. What is only known at run time stands for any key of that place.
 */
function findUses(name: string, text: string) {
  const declarations = [
    ...text.matchAll(/const (\w+) = useTranslations\(\s*["`]([^"`]+)["`]\s*\)/g),
    ...text.matchAll(/(\w+): ReturnType<typeof useTranslations<"([^"]+)">>/g),
  ].map((match) => ({ variable: match[1] ?? "", namespace: match[2] ?? "", at: match.index }));
  const variables = [...new Set(declarations.map(({ variable }) => variable))];
  return variables.flatMap((variable) => {
    const calls = text.matchAll(
      new RegExp(`(?<![\\w.])${variable}(?:\\.rich)?\\(\\s*(?:"([^"]*)"|\`([^\`]*)\`|[^)\\s])`, "g"),
    );
    return [...calls].flatMap((call) => {
      const declared = declarations.findLast((each) => each.variable === variable && each.at < call.index);
      if (declared === undefined) return [];
      const key = `${declared.namespace}.${call[1] ?? call[2] ?? "${}"}`;
      return [{ name, key, pattern: toPattern(key) }];
    });
  });
}

function toPattern(key: string): RegExp {
  const parts = key.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join("[^.]+")}$`);
}
