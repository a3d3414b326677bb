import { sha256Hex } from "../../../convex/shared/sha256.ts";
import { freshName, type Recipes } from "../recipe.ts";
import type { World } from "../world.ts";

async function makeKey(world: World): Promise<{ keyId: string; key: string }> {
  // It ends before whoever may rotate it does.
  const expiresAt = Date.now() + 86_400_000;
  const { id, key } = await world.createKey({ name: freshName("walked"), ownerKind: "service", expiresAt });
  return { keyId: id, key };
}

const onKey = async (world: World) => ({ keyId: (await makeKey(world)).keyId });

export const recipes: Recipes = {
  "keys.create": { needs: ["keys:create"], input: async () => ({ name: freshName("created"), tags: ["walk"] }) },
  "keys.list": { needs: ["keys:read"], input: async () => ({ limit: 2, env: "live", includeDead: true }) },
  "keys.listMine": { needs: null, by: "session", input: async () => ({ limit: 2, includeDead: true }) },
  "keys.get": { needs: ["keys:read"], without: "NOT_FOUND", input: onKey },
  "keys.delete": {
    needs: ["keys:delete"],
    async input(world) {
      const { keyId } = await makeKey(world);
      await world.asOwner("POST", `/api/v1/keys/${keyId}/revoke`);
      return { keyId };
    },
  },
  "keys.enable": { needs: ["keys:disable"], input: onKey },
  "keys.disable": { needs: ["keys:disable"], input: onKey },
  "keys.expire": { needs: ["keys:expire"], input: onKey },
  "keys.revoke": { needs: ["keys:revoke"], input: async (world) => ({ ...(await onKey(world)), reason: "walked" }) },
  "keys.rotate": { needs: ["keys:rotate"], input: async (world) => ({ ...(await onKey(world)), graceMs: 60_000 }) },
  "keys.explain": {
    needs: ["keys:read"],
    without: "NOT_FOUND",
    input: async (world) => ({ ...(await onKey(world)), permission: "orders:read", ip: "192.0.2.7" }),
  },
  "keys.verify": { needs: ["keys:verify"], input: async (world) => ({ key: (await makeKey(world)).key }) },
  "keys.verifyBatch": {
    needs: ["keys:verify"],
    input: async (world) => ({ items: [{ key: (await makeKey(world)).key }, { key: "unknown" }] }),
  },
  "keys.update": {
    needs: ["keys:update"],
    input: async (world) => ({ ...(await onKey(world)), name: freshName("renamed"), tags: ["walked"] }),
  },
  "keys.endGrace": {
    needs: ["keys:rotate"],
    async input(world) {
      const { keyId } = await makeKey(world);
      await world.asOwner("POST", `/api/v1/keys/${keyId}/rotate`, { graceMs: 60_000 });
      return { keyId };
    },
  },
  "keys.import": {
    needs: ["keys:create"],
    async input() {
      const hash = { algorithm: "sha256-hex", value: sha256Hex(freshName("imported")) };
      return { items: [{ name: freshName("imported"), hash, prefix: "acme_", start: "acme_7Hq2", last4: "c0de" }] };
    },
  },
  "keys.bulk": {
    needs: ["keys:revoke"],
    input: async (world) => ({ verb: "revoke", keyIds: [(await onKey(world)).keyId], preview: true }),
  },
};
