const SLUG_MAX = 40;

/** The address form of a name: "Acme & Söhne" → "acme-sohne". Empty when nothing of the name can be used. */
export function toSlug(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_MAX)
    .replaceAll(/^-+|-+$/g, "");
}
