/** One operation of the OpenAPI document, with a body that it takes. */
export type Target = { method: string; path: string; name: string; example: unknown; parameters: string[] };

/** What the attacker holds, has heard of, and may aim at. */
export type Arsenal = {
  host: string;
  origin: string;
  /** Valid, but with few rights, in the attacker's organization. */
  key: string;
  /** Cookie header and bearer token of a plain member there. */
  member: { cookie: string; token: string };
  /** The same of somebody who owns a third organization, so that requests get further than the first refusal. */
  owner: { cookie: string; token: string };
  /** Ids of every kind, the victim's among them. */
  ids: string[];
  targets: Target[];
};
