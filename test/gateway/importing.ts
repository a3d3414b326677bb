import { createHash } from "node:crypto";
import { argon2id } from "@noble/hashes/argon2.js";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll } from "vitest";
import type { Engine } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { Answer, World } from "./world.ts";

let counter = 0;

export const sha256 = (text: string, encoding: "hex" | "base64url") =>
  createHash("sha256").update(text).digest(encoding);

/** A key as another system makes them. */
export function foreignKey(prefix = "acme-"): string {
  counter += 1;
  return `${prefix}${String(counter).padStart(4, "0")}x${"s3cret".repeat(5)}`;
}

export function itemOf(key: string, more: object = {}) {
  counter += 1;
  return {
    name: `imported ${counter}`,
    hash: { algorithm: "sha256-hex", value: sha256(key, "hex") },
    prefix: "acme-",
    start: key.slice(0, 10),
    last4: key.slice(-4),
    ownerKind: "service",
    permissions: ["orders:read"],
    ...more,
  };
}

/** For the tests around the call: a world of their own, and what is done there with keys of another system. */
export function importInto(engine: Engine) {
  let opened: { world: World; verifier: string } | undefined;
  beforeAll(async () => {
    const world = await openWorld(engine);
    const { key } = await world.createKey({ name: "judge", ownerKind: "service", permissions: ["keys:verify"] });
    opened = { world, verifier: key };
  });
  afterAll(async () => await opened?.world[Symbol.asyncDispose]());
  const open = () => {
    if (opened === undefined) throw new Error("not before the tests run");
    return opened;
  };
  const world = () => open().world;
  /** A key that may verify others. */
  const verifier = () => open().verifier;

  const importAll = async (...items: object[]) => await world().asOwner("POST", "/api/v1/keys/import", { items });
  return {
    world,
    verifier,
    importAll,
    /** Imports one key and answers its id. */
    importOne: async (key: string, more: object = {}): Promise<string> => {
      const answer = await importAll(itemOf(key, more));
      const [id] = idsOf(answer);
      if (typeof id !== "string") throw new Error(`not imported: ${JSON.stringify(answer.body)}`);
      return id;
    },
    use: async (key: string) => await world().call("GET", "/api/v1/whoami", { key }),
    verify: async (key: string) =>
      await world().call("POST", "/api/v1/keys/verify", { key: verifier(), body: { key } }),
  };
}

export function slow(algorithm: "bcrypt" | "argon2", key: string): { algorithm: string; value: string } {
  return { algorithm, value: algorithm === "bcrypt" ? hashSync(key, 5) : phc(key, { m: 64 }) };
}

/** Argon2id as the string in which it is commonly kept. */
export function phc(key: string, { m = 64, t = 2, p = 1 }: { m?: number; t?: number; p?: number }): string {
  const salt = new Uint8Array(16).fill(7);
  // Too costly ones are refused unread, so they need no true digest.
  const digest = m * t > 1_024 ? new Uint8Array(32) : argon2id(key, salt, { m, t, p, dkLen: 32 });
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${base64(salt)}$${base64(digest)}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}

export function idsOf({ body }: Answer): unknown[] {
  const items = body?.["items"];
  return Array.isArray(items) ? items.map(({ record }) => record?.id) : [];
}
