import { ConvexQueryClient } from "@convex-dev/react-query";
import { QueryClient } from "@tanstack/react-query";
import { ConvexReactClient } from "convex/react";

/** The live connection. Queries wait until the session is known, so none runs as nobody by accident. */
export const convexClient = new ConvexReactClient(location.origin, {
  skipConvexDeploymentUrlCheck: true,
  expectAuth: true,
  unsavedChangesWarning: false,
});

const convexQueryClient = new ConvexQueryClient(convexClient);

/** Query results, kept current by the socket; nothing is refetched by time or focus. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      queryKeyHashFn: convexQueryClient.hashFn(),
      queryFn: convexQueryClient.queryFn(),
      gcTime: 10_000,
      retry: false,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
    },
    mutations: { retry: false },
  },
});

convexQueryClient.connect(queryClient);
