import type { Dice } from "./dice.ts";

const TEXTS = [
  "",
  " ",
  "null",
  "undefined",
  "-1",
  "%00",
  "\u0000",
  "a\r\nb",
  "../../etc/passwd",
  "${7*7}",
  "' OR 1=1 --",
  "<script>alert(1)</script>",
  "\uD800",
  "\uDFFFx",
  "\u202Eabc",
  "é́́",
  "👩‍👩‍👧",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "keys:*",
  "*:*",
  "2026-01-01",
  "1e999",
  "ﬀ",
  "İ",
];
const NUMBERS = [0, -0, -1, 1.5, 1e308, -1e308, 5e-324, 2 ** 53, -(2 ** 53), 2 ** 31, 2 ** 63, 8.64e15, 8.64e15 + 1];
const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "then",
  "length",
  "$integer",
  "$bytes",
  "$float",
  "$set",
  "$undefined",
  "_id",
  "_creationTime",
  "",
  "é",
  "a.b",
  "\u0000",
  "json",
  "0",
  "organizationId",
  "userId",
  "role",
  "caller",
  "id",
];

/** A JSON value that nobody expects: prototype names, Convex's own `$` forms, lone surrogates, numbers at every edge. */
export function wildJson(dice: Dice, known: readonly string[] = [], depth = 3): unknown {
  switch (dice.below(depth > 0 ? 10 : 7)) {
    case 0:
      return null;
    case 1:
      return dice.chance(0.5);
    case 2:
    case 3:
      return dice.pick(NUMBERS);
    case 4:
      return known.length > 0 ? dice.pick(known) : "";
    case 5:
    case 6:
      return wildText(dice);
    case 7:
      return dice.some(4, () => wildJson(dice, known, depth - 1));
    default:
      return toObject(dice.some(4, () => [dice.pick(NAMES), wildJson(dice, known, depth - 1)]));
  }
}

export function wildText(dice: Dice): string {
  if (dice.chance(0.08)) return dice.pick(TEXTS).repeat(1 + dice.below(400));
  if (dice.chance(0.5)) return dice.pick(TEXTS);
  return String.fromCharCode(...dice.some(24, () => dice.below(dice.chance(0.8) ? 0x7f : 0xffff)));
}

/** The example with a few fields changed, taken away, added or given twice, as JSON text that may itself be broken. */
export function wildBody(dice: Dice, example: unknown, known: readonly string[] = []): string {
  const base = dice.chance(0.85) && typeof example === "object" ? { ...example } : wildJson(dice, known);
  const fields: [string, unknown][] = typeof base === "object" && base !== null ? Object.entries(base) : [];
  const changed: [string, unknown][] = fields.flatMap(([name, value]): [string, unknown][] => {
    if (dice.chance(0.1)) return [];
    if (dice.chance(0.25)) return [[name, wildJson(dice, known)]];
    if (dice.chance(0.1)) return [[name, [value]]];
    return [[name, value]];
  });
  if (dice.chance(0.25)) changed.push([dice.pick(NAMES), wildJson(dice, known)]);
  const text = fields.length > 0 ? objectText(changed) : (JSON.stringify(base) ?? "");
  return dice.chance(0.15) ? breakText(dice, text) : text;
}

function breakText(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1);
  switch (dice.below(9)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `${text.slice(0, at)}\u0000${text.slice(at)}`;
    case 2:
      return `${text}${text}`;
    case 3:
      return `\uFEFF${text}`;
    case 4:
      return dice.pick(["[", '{"a":', '[{"a":']).repeat(1 + dice.below(20_000));
    case 5:
      return `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
    case 6:
      return `{"name":${"9".repeat(1 + dice.below(2_000))},"expiresAt":1e${dice.below(5_000)}}`;
    case 7:
      return `${text.slice(0, at)}${dice.pick(["NaN", "Infinity", "'", ",", "//", "\\u12", "\\x41", "}"])}${text.slice(at)}`;
    default:
      return dice.pick(["", " ", "null", "[]", "0", '""', "a=b&c=d", "--x\r\n\r\n", "<a/>"]);
  }
}

// Object.fromEntries would define `__proto__` too, but JSON.stringify of a plain object is where names given twice are lost.
function objectText(fields: [string, unknown][]): string {
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? "null"}`).join(",")}}`;
}

function toObject(fields: [string, unknown][]): unknown {
  return Object.fromEntries(fields);
}
