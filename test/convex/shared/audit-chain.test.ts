import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { entryHash, genesisHash, partDigest, pseudonymOf, toCanonicalText } from "#convex/shared/auditChain.ts";
import type { ChainedEntry } from "#convex/shared/auditChain.ts";
import { sha256Hex } from "#convex/shared/sha256.ts";

const ENTRY: ChainedEntry = {
  format: 2,
  organizationId: "o1",
  seq: 7,
  previousHash: "ab",
  at: 1_790_000_000_000,
  actor: { type: "key", id: "k2", name: "Zoë 🗝" },
  personId: "u1",
  personDigest: "cd",
  subjectDigest: null,
  action: "key.create",
  targetKind: "key",
  targetId: "k1",
  before: null,
  after: '{"name":"x"}',
  reason: null,
  requestId: "r1",
};

// Around 55, 64 and 119 bytes the padding moves to another block.
test.each([0, 1, 27, 28, 31, 32, 33, 54, 55, 56, 57, 59, 60, 63, 64, 65, 119, 120, 128, 5000])(
  "C9 the hash of %i characters of any script is the platform's",
  (length) => {
    const text = "aé€🗝".repeat(1200).slice(0, length).toWellFormed();
    expect(sha256Hex(text)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
  },
);

test("C9 the canonical text is written down: whoever verifies an export makes exactly this", () => {
  expect(toCanonicalText(ENTRY)).toBe(
    '{"action":"key.create","actor":{"id":"k2","name":"Zoë 🗝","type":"key"},"after":"{\\"name\\":\\"x\\"}","at":1790000000000,"before":null,"format":2,"organizationId":"o1","personDigest":"cd","personId":"u1","previousHash":"ab","reason":null,"requestId":"r1","seq":7,"subjectDigest":null,"targetId":"k1","targetKind":"key"}',
  );
  expect(entryHash(ENTRY)).toBe(createHash("sha256").update(toCanonicalText(ENTRY), "utf8").digest("hex"));
});

test("C9 the order of an entry's fields, and fields that are no part of the chain, change nothing", () => {
  const turned = { hash: "?", ...Object.fromEntries(Object.entries(ENTRY).toReversed()), ...ENTRY };
  expect(entryHash(turned)).toBe(entryHash(ENTRY));
});

test.each(Object.keys(ENTRY))("C9 a change of %s changes the hash", (field) => {
  expect(entryHash({ ...ENTRY, [field]: field === "actor" ? { ...ENTRY.actor, name: "Eve" } : "other" })).not.toBe(
    entryHash(ENTRY),
  );
});

test("E28 two organizations begin their chains differently", () => {
  expect(genesisHash("o1")).toMatch(/^[0-9a-f]{64}$/);
  expect(genesisHash("o1")).not.toBe(genesisHash("o2"));
});

test("E28 a user's name is no part of the hash, and a key's is", () => {
  const user = { type: "user", id: "u1", name: "Ada Lovelace" };
  const text = toCanonicalText({ ...ENTRY, actor: user });
  expect(text).not.toContain("Ada");
  expect(text).toBe(toCanonicalText({ ...ENTRY, actor: { ...user, name: "erased user" } }));
});

test("E28 a personal part is held by its digest: written down, salted, and in any order of its fields", () => {
  const part = { name: "Zoë", ip: "192.0.2.7", agent: null };
  const text = '0a1b{"agent":null,"ip":"192.0.2.7","name":"Zoë"}';
  expect(partDigest("0a1b", part)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
  expect(partDigest("0a1b", { agent: null, name: "Zoë", ip: "192.0.2.7" })).toBe(partDigest("0a1b", part));
  expect(partDigest("0a1c", part)).not.toBe(partDigest("0a1b", part));
  expect(partDigest("0a1b", { ...part, name: "Zoe" })).not.toBe(partDigest("0a1b", part));
  expect(partDigest("0a1b", { email: "a@example.com" })).not.toBe(partDigest("0a1b", { email: "b@example.com" }));
});

test("E28 a pseudonym is the same each time, of one user only, and says nothing", () => {
  expect(pseudonymOf("u1")).toMatch(/^user [0-9a-f]{8}$/);
  expect(pseudonymOf("u1")).toBe(pseudonymOf("u1"));
  expect(pseudonymOf("u1")).not.toBe(pseudonymOf("u2"));
});
