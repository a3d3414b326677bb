import { afterEach, expect, test, vi } from "vitest";
import { createId, decodeId, encodeId } from "#backend/values/document-id.ts";
import { seededRandom } from "./random-value.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("ids are about 32 lower-case base32 characters and never repeat", () => {
  const ids = Array.from({ length: 5000 }, () => createId(10_001));
  expect(new Set(ids).size).toBe(5000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{32}$/);
});

test.each([0, 1, 127, 128, 10_001, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1])("table number %i survives", (tableNumber) => {
  const unique = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
  const id = encodeId(tableNumber, unique);
  expect(id).toMatch(/^[0-9a-z]{31,37}$/);
  expect(decodeId(id)).toEqual({ tableNumber, unique });
});

test("an id sorts behind those of its table from before, whatever is random in it", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const moments = [0, 1, 255, 256, 1_700_000_000_000, 1_700_000_000_001, 2 ** 48 - 1];
  const ids = moments.flatMap((moment) => {
    vi.setSystemTime(moment);
    return [createId(10_001), createId(10_001)].toSorted();
  });
  expect(ids.toSorted()).toEqual(ids);
});

test("one changed character makes an id invalid", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 2000; round += 1) {
    const id = createId(10_001 + round);
    const position = Math.floor(random() * id.length);
    const other = "0123456789abcdefghjkmnpqrstvwxyz".charAt(Math.floor(random() * 32));
    if (id[position] === other) continue;
    expect(decodeId(id.slice(0, position) + other + id.slice(position + 1))).toBeNull();
  }
});

test("other spellings of an id are not ids", () => {
  const id = createId(5);
  for (const text of ["", "x", id.toUpperCase(), `${id}0`, id.slice(1), `${id} `, "u".repeat(32), "i".repeat(32)]) {
    expect(decodeId(text)).toBeNull();
  }
});

test("bad input to encodeId is refused", () => {
  expect(() => encodeId(-1, new Uint8Array(16))).toThrow(RangeError);
  expect(() => encodeId(2 ** 32, new Uint8Array(16))).toThrow(RangeError);
  expect(() => encodeId(1, new Uint8Array(15))).toThrow(RangeError);
});
