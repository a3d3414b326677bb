import { afterEach, describe, expect, test, vi } from "vitest";
import { clientAddress } from "#convex/gateway/clientAddress.ts";

afterEach(() => vi.unstubAllEnvs());

describe("E20: the client's address", () => {
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
    ["an address with a port", "10.0.0.0/8", { peer: "10.1.2.3", forwarded: "198.51.100.7:49152" }, "198.51.100.7"],
    ["IPv6 with a port", "10.0.0.0/8", { peer: "10.1.2.3", forwarded: "[2001:DB8::7]:443" }, "2001:db8::7"],
    ["mapped IPv4 with a port", "10.0.0.0/8", { peer: "10.1.2.3", forwarded: "[::ffff:1.2.3.4]:0" }, "1.2.3.4"],
    [
      "proxies of ours with ports, and a client that names itself as one left of them",
      "10.0.0.0/8",
      { peer: "10.0.0.1", forwarded: "1.1.1.1:1, 10.9.9.9:2, 198.51.100.7:3, 10.0.0.2:4" },
      "198.51.100.7",
    ],
    ["a port from a stranger", "10.0.0.0/8", { peer: "203.0.113.9", forwarded: "10.0.0.2:80" }, "203.0.113.9"],
    ["an IPv6 proxy", "fd00::/8", { peer: "fd12::1", forwarded: "2001:DB8::0:1" }, "2001:db8::1"],
    ["an IPv4-mapped proxy", "127.0.0.1", { peer: "::ffff:127.0.0.1", forwarded: "198.51.100.7" }, "198.51.100.7"],
  ])("%s", (_title, proxies, { peer, forwarded }: { peer?: string; forwarded?: string }, expected) => {
    vi.stubEnv("LATCHKEY_TRUSTED_PROXIES", proxies);
    vi.stubEnv("LATCHKEY_EMBEDDED", "true");
    const headers = new Headers();
    if (peer !== undefined) headers.set("x-latchkey-peer", peer);
    if (forwarded !== undefined) headers.set("x-forwarded-for", forwarded);
    expect(clientAddress(headers)).toBe(expected);
  });
});

describe("E16: who is believed about the peer", () => {
  const secret = "a secret of the proxy's own";
  const peer = { "x-latchkey-peer": "203.0.113.9" };
  const shown = (text: string) => ({ ...peer, "x-latchkey-proxy-secret": text });
  test.each([
    ["nobody elsewhere", { secret }, peer, null],
    ["nobody where no secret was ever set", {}, shown(""), null],
    ["nobody where the secret is empty", { secret: "" }, shown(""), null],
    ["the embedded backend", { embedded: "true" }, peer, "203.0.113.9"],
    [
      "the embedded backend, whatever secret a client shows it",
      { embedded: "true", secret },
      shown("x"),
      "203.0.113.9",
    ],
    ["whoever shows the secret", { secret }, shown(secret), "203.0.113.9"],
    ["nobody with a wrong secret of the same length", { secret }, shown(`b${secret.slice(1)}`), null],
    ["nobody with its beginning", { secret }, shown(secret.slice(0, -1)), null],
    ["nobody with more than it", { secret }, shown(`${secret}s`), null],
    ["nobody who shows it twice", { secret }, shown(`${secret}, ${secret}`), null],
    ["nobody with another switch", { embedded: "false" }, peer, null],
  ])("%s", (_title, known: { secret?: string; embedded?: string }, sent: Record<string, string>, expected) => {
    vi.stubEnv("LATCHKEY_PROXY_SECRET", known.secret);
    vi.stubEnv("LATCHKEY_EMBEDDED", known.embedded);
    expect(clientAddress(new Headers(sent))).toBe(expected);
  });

  test("our proxy hands on the chain that reached it; what was appended after it does not count", () => {
    vi.stubEnv("LATCHKEY_PROXY_SECRET", secret);
    vi.stubEnv("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/8");
    const headers = new Headers({
      "x-latchkey-proxy-secret": secret,
      "x-latchkey-peer": "10.0.0.1",
      "x-latchkey-forwarded-for": "1.1.1.1, 198.51.100.7",
      "x-forwarded-for": "1.1.1.1, 198.51.100.7, 10.0.0.1, 192.0.2.200",
    });
    expect(clientAddress(headers)).toBe("198.51.100.7");
    headers.delete("x-latchkey-proxy-secret");
    expect(clientAddress(headers)).toBeNull();
  });
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
  // The server in front writes the address alone.
  ["203.0.113.9:80", null],
  ["[::1]:80", null],
])("a peer that is written %s is %s", (peer, expected) => {
  vi.stubEnv("LATCHKEY_EMBEDDED", "true");
  expect(clientAddress(new Headers({ "x-latchkey-peer": peer }))).toBe(expected);
});

test.each([
  "198.51.100.7:",
  "198.51.100.7:65536",
  "198.51.100.7:080",
  "198.51.100.7:-1",
  "198.51.100.7:+1",
  "198.51.100.7:80:80",
  "198.51.100:80",
  ":80",
  "[::1]:",
  "[::1]80",
  "[::1]:65536",
  "[::1]:80]",
  "[[::1]]:80",
  "[198.51.100.7]:80",
  "example.com:80",
  "unknown:80",
])("E20: of a client that a proxy of ours writes as %s nothing is known", (entry) => {
  vi.stubEnv("LATCHKEY_EMBEDDED", "true");
  vi.stubEnv("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/8");
  const headers = new Headers({ "x-latchkey-peer": "10.0.0.1", "x-forwarded-for": entry });
  expect(clientAddress(headers)).toBeNull();
});

test("E20: a bare IPv6 address has no port, whatever its last group is", () => {
  vi.stubEnv("LATCHKEY_EMBEDDED", "true");
  vi.stubEnv("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/8");
  const headers = new Headers({ "x-latchkey-peer": "10.0.0.1", "x-forwarded-for": "2001:db8::7:443" });
  expect(clientAddress(headers)).toBe("2001:db8::7:443");
});

test("an entry of the proxies that is no range trusts nobody", () => {
  vi.stubEnv("LATCHKEY_EMBEDDED", "true");
  vi.stubEnv("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/33, proxy.example.com");
  const headers = new Headers({ "x-latchkey-peer": "10.0.0.1", "x-forwarded-for": "198.51.100.7" });
  expect(clientAddress(headers)).toBe("10.0.0.1");
});
