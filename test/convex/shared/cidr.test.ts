import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import {
  CIDRS_MAX,
  allowsAddress,
  checkCidrs,
  formatAddress,
  formatCidr,
  isWithinCidrs,
  parseAddress,
  parseCidr,
} from "../../../convex/shared/cidr.ts";
import { seededRandom } from "../../helpers/seeded-random.ts";

describe("E20 addresses", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:c000:207", "192.0.2.7"],
    ["0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"],
    // Compatible, not mapped.
    ["::192.0.2.7", "::c000:207"],
  ])("%s is %s", (text, expected) => expect(spell(text)).toBe(expected));

  test.each([
    "",
    " 192.0.2.7",
    "192.0.2",
    "192.0.2.7.1",
    "192.0.2.256",
    "192.0.2.07",
    "0x7f.0.0.1",
    "2130706433",
    "192.0.2.7:80",
    "[::1]",
    "fe80::1%eth0",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    "12345::",
    "g::",
    ":1::",
    "1:",
    "::192.0.2",
    "192.0.2.7::",
    "example.com",
    "1".repeat(1000),
  ])("%j is none", (text) => expect(parseAddress(text)).toBeNull());

  test("any address is spelled one way, which reads as the same address", () => {
    const { random } = seededRandom(3);
    for (let round = 0; round < 3000; round += 1) {
      const address = randomAddress(random);
      const text = formatAddress(address);
      // The platform's own parser agrees on how IPv6 is spelled.
      if (address.length === 16) expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`);
      if (!text.startsWith("::ffff:")) expect(parseAddress(text)).toEqual(address);
    }
  });
});

describe("E20 ranges", () => {
  test.each([
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["10.1.2.3", "10.1.2.3/32"],
    ["10.1.2.255/25", "10.1.2.128/25"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:db8:ffff::/33", "2001:db8:8000::/33"],
    ["2001:db8::1", "2001:db8::1/128"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["::/0", "::/0"],
  ])("%s is %s", (text, expected) => {
    const cidr = parseCidr(text);
    expect(cidr && formatCidr(cidr)).toBe(expected);
  });

  test.each([
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10/8",
    "*",
  ])("%j is none", (text) => expect(parseCidr(text)).toBeNull());

  test.each<[string[] | null, string, boolean]>([
    [null, "192.0.2.7", true],
    [[], "192.0.2.7", false],
    [["192.0.2.0/24"], "192.0.2.255", true],
    [["192.0.2.0/24"], "192.0.3.0", false],
    [["192.0.2.0/24"], "::ffff:192.0.2.9", true],
    [["::ffff:192.0.2.0/120"], "192.0.2.9", true],
    [["0.0.0.0/0"], "2001:db8::1", false],
    [["::/0"], "192.0.2.7", false],
    [["::/0"], "2001:db8::1", true],
    [["2001:db8::/33"], "2001:db8:7fff::", true],
    [["2001:db8::/33"], "2001:db8:8000::", false],
    [["10.0.0.0/8", "2001:db8::/32"], "2001:db8:1::", true],
    // What cannot be read allows nothing.
    [["nonsense"], "192.0.2.7", false],
  ])("%j allows %s: %s", (cidrs, address, expected) => {
    expect(allowsAddress(cidrs, parseAddress(address))).toBe(expected);
  });

  test("an address that nobody knows is denied by every list, and by no list not", () => {
    expect(allowsAddress(["0.0.0.0/0", "::/0"], null)).toBe(false);
    expect(allowsAddress(null, null)).toBe(true);
  });

  test("membership agrees with the platform's own, for any range and address", () => {
    const { random, pick } = seededRandom(4);
    let inside = 0;
    for (let round = 0; round < 4000; round += 1) {
      const first = randomAddress(random);
      const family = first.length === 4 ? "ipv4" : "ipv6";
      const bits = Math.floor(random() * (first.length * 8 + 1));
      const address = first.map((byte) => (random() < 0.7 ? byte : pick([0, 1, 127, 128, 255])));
      const range = new BlockList();
      range.addSubnet(formatAddress(first), bits, family);
      const expected = range.check(formatAddress(address), family);
      if (expected) inside += 1;
      expect(
        allowsAddress([`${formatAddress(first)}/${bits}`], address),
        `${formatAddress(address)} in ${formatAddress(first)}/${bits}`,
      ).toBe(expected);
    }
    expect(inside).toBeGreaterThan(400);
  });
});

describe("E20 a key's list of ranges", () => {
  test("is stored in one spelling, sorted, without what another range includes", () => {
    const raw = [
      "2001:DB8::/32",
      "10.1.0.0/16",
      " 10.9.9.9/8",
      "10.0.0.0/8",
      "::ffff:192.0.2.7",
      "192.0.2.7",
      "2001:db8:1::1",
    ];
    expect(checkCidrs(raw)).toEqual({ ok: true, value: ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"] });
  });

  test("is bounded, and neither empty nor nonsense", () => {
    expect(checkCidrs(many(CIDRS_MAX)).ok).toBe(true);
    expect(checkCidrs(many(CIDRS_MAX + 1)).ok).toBe(false);
    expect(checkCidrs([]).ok).toBe(false);
    expect(checkCidrs(["10.0.0.0/8", "home"])).toMatchObject({ ok: false, problem: expect.stringContaining('"home"') });
  });

  test("storing changes neither what it allows nor, done again, itself", () => {
    const { random } = seededRandom(5);
    for (let round = 0; round < 500; round += 1) {
      const raw = Array.from({ length: 1 + Math.floor(random() * 8) }, () => {
        const address = randomAddress(random);
        return `${formatAddress(address)}/${Math.floor(random() * (address.length * 8 + 1))}`;
      });
      const checked = checkCidrs(raw);
      if (!checked.ok) throw new Error(checked.problem);
      expect(checkCidrs(checked.value)).toEqual(checked);
      expect(isWithinCidrs(checked.value, raw) && isWithinCidrs(raw, checked.value)).toBe(true);
      const address = randomAddress(random);
      expect(allowsAddress(checked.value, address)).toBe(allowsAddress(raw, address));
    }
  });

  test.each<[string[] | null, string[] | null, boolean]>([
    [null, null, true],
    [["10.0.0.0/8"], null, true],
    [null, ["10.0.0.0/8"], false],
    [["10.1.0.0/16", "10.2.0.0/16"], ["10.0.0.0/8"], true],
    [["10.0.0.0/7"], ["10.0.0.0/8"], false],
    [["10.0.0.0/8", "11.0.0.0/8"], ["10.0.0.0/8"], false],
    [["0.0.0.0/0"], ["::/0"], false],
  ])("E8 %j lies within %j: %s", (inner, outer, expected) => expect(isWithinCidrs(inner, outer)).toBe(expected));
});

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${index}.0/24`);
}

function spell(text: string): string | null {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

/** Many zeros and edges, as real addresses have. Never a mapped one, which is IPv4. */
function randomAddress(random: () => number): number[] {
  const length = random() < 0.5 ? 4 : 16;
  const bytes = Array.from({ length }, () => (random() < 0.5 ? 0 : Math.floor(random() * 256)));
  return length === 16 ? [0x20, ...bytes.slice(1)] : bytes;
}
