import { createTRPCClient, httpLink } from "@trpc/client";

// oxlint-disable-next-line no-restricted-imports -- the one look past _generated and shared: a type, nothing of it is bundled
import type { AppRouter } from "#convex/api/router.ts";

/** The public API by session cookie. Name the organization with every call: `operations.keys.revoke.mutate(input, inOrganization(id))`. */
export const operations = createTRPCClient<AppRouter>({
  links: [
    httpLink({
      url: "/api/trpc",
      headers: ({ op }) => {
        const { organizationId } = op.context;
        return typeof organizationId === "string" ? { "x-organization-id": organizationId } : {};
      },
    }),
  ],
});

/** The call option that says which of the caller's organizations is meant. */
export function inOrganization(organizationId: string) {
  return { context: { organizationId } };
}
