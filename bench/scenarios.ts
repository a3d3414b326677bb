/** What is asked of every server, as far as it can. */
export const SCENARIOS = {
  verify: "Verify: an expression of permissions, an address against ranges, a resource against a list",
  limited: "Verify with a rate limit and a quota, each counted",
  spread: "Verify keys from all over the table, hardly one of them twice",
  whoami: "Who am I: the key that is shown",
  creates: "Create keys, each on the disk before it is answered",
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

/** Requests of one kind and how a right answer to any of them looks. */
export interface Scenario {
  /** Whole HTTP requests as text, sent in turn. */
  readonly requests: readonly string[];
  readonly status: number;
  /** Text that the body of every right answer holds. */
  readonly expect: string;
}

/** What the verified keys may do, where from, and on what; and what is asked about them. */
export const CHECKED_KEY = {
  permissions: ["orders:read", "orders:refund", "billing:*"],
  allowList: ["project:42", "project:43", "invoice:*"],
  cidrs: ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"],
};
export const CHECKED_QUESTION = {
  permission: "orders:read AND (orders:refund OR billing:write)",
  resource: "project:42",
  ip: "192.0.2.77",
};

// Never reached, so that every answer is the same one.
export const LIMITED_KEY = {
  rateLimit: { limit: 1_000_000, windowMs: 60_000 },
  quota: { limit: 1_000_000_000, refill: "daily" },
};

/** Keys by turns, for the scenarios that ask about the same ones again and again. */
export const SAMPLE = 1000;
/** Keys of the scenario in which they hardly come twice. */
export const SPREAD = 50_000;
