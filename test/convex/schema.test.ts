import { describe, expect, test } from "vitest";
import schema from "../../convex/schema.ts";

/** The fields by which each of a table's indexes finds rows. Convex adds `_creationTime` to each. */
function indexesOf(table: keyof typeof schema.tables): string[] {
  return schema.tables[table][" indexes"]().map(({ fields }) => fields.join(" "));
}

describe("T3: keys are read by an index", () => {
  test.each([
    ["all of an organization, newest first", "organizationId"],
    ["the live ones of an organization", "organizationId ended"],
    ["those of an owner", "organizationId ownerRef"],
    ["those of an owner, wherever they are", "ownerRef"],
    ["those of an owner that are neither revoked nor expired", "organizationId ownerRef revokedAt expiresAt"],
    ["the one of a name", "organizationId ownerRef nameKey revokedAt expiresAt"],
    ["those whose time is up", "ended expiresAt"],
  ])("%s", (_title, fields) => {
    expect(indexesOf("keys")).toContain(fields);
  });

  test("a secret by its hash, by its owner and by its key", () => {
    expect(indexesOf("apikey")).toEqual(expect.arrayContaining(["key", "referenceId", "keyId"]));
  });
});
