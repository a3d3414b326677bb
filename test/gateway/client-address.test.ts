import { afterEach, describe, expect, test, vi } from "vitest";
import { clientAddress, isInRanges, normalizeAddress, parseRanges } from "#convex/gateway/clientAddress.ts";

afterEach(() => vi.unstubAllEnvs());

describe("the client's address", () => {
  test.each([
    ["nobody says", "", {}, null],
    ["the peer alone", "", { peer: "203.0.113.9" }, "203.0.113.9"],
    ["a forwarded header from a stranger is ignored", "", { peer: "203.0.113.9", forwarded: "1.2.3.4" }, "203.0.113.9"],
    ["a forwarded header without a peer is ignored", "10.0.0.0/8", { forwarded: "1.2.3.4" }, null],
    ["one trusted proxy", "10.0.0.0/8", { peer: "10.1.2.3", forwarded: "198.51.100.7" }, "198.51.100.7"],
    [
      "what a client wrote left of the proxies does not count",
      "10.0.0.0/8",
      { peer: "10.0.0.1", forwarded: "1.1.1.1, 198.51.100.7, 10.0.0.2" },
      "198.51.100.7",
    ],
    ["only proxies", "10.0.0.0/8", { peer: "10.0.0.1", forwarded: "10.0.0.2" }, "10.0.0.2"],
    ["nonsense from a proxy", "10.0.0.0/8", { peer: "10.0.0.1", forwarded: "unknown" }, null],
    ["an IPv6 proxy", "fd00::/8", { peer: "fd12::1", forwarded: "2001:DB8::0:1" }, "2001:db8::1"],
    ["an IPv4-mapped proxy", "127.0.0.1", { peer: "::ffff:127.0.0.1", forwarded: "198.51.100.7" }, "198.51.100.7"],
  ])("%s", (_title, proxies, { peer, forwarded }: { peer?: string; forwarded?: string }, expected) => {
    vi.stubEnv("LATCHKEY_TRUSTED_PROXIES", proxies);
    const headers = new Headers();
    if (peer !== undefined) headers.set("x-latchkey-peer", peer);
    if (forwarded !== undefined) headers.set("x-forwarded-for", forwarded);
    expect(clientAddress(headers)).toBe(expected);
  });
});

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["192.168.4.0/22", "192.168.7.255", true],
  ["192.168.4.0/22", "192.168.8.0", false],
  ["0.0.0.0/0", "203.0.113.9", true],
  ["0.0.0.0/0", "::1", false],
  ["2001:db8::/33", "2001:db8:7fff::1", true],
  ["2001:db8::/33", "2001:db8:8000::1", false],
  ["::1", "::1", true],
  ["10.0.0.0/33", "10.0.0.0", false],
  ["not an address", "10.0.0.0", false],
])("%s holds %s: %s", (list, address, expected) => {
  expect(isInRanges(address, parseRanges(list))).toBe(expected);
});

test.each([
  ["256.1.1.1", null],
  ["1.2.3", null],
  ["[::1]", "::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["1::2::3", null],
  ["localhost", null],
])("%s is written %s", (text, expected) => {
  expect(normalizeAddress(text)).toBe(expected);
});
