import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ConvexProviderWithAuth } from "convex/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { ToastRegion } from "./components/toast.tsx";
import { TooltipProvider } from "./components/tooltip.tsx";
import { convexClient, queryClient } from "./lib/convex-client.ts";
import { Messages } from "./lib/i18n.tsx";
import { useAuth } from "./lib/use-auth.ts";
import { router } from "./router.tsx";

import "./styles/main.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root.");

createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <Messages>
        <ConvexProviderWithAuth client={convexClient} useAuth={useAuth}>
          <QueryClientProvider client={queryClient}>
            <TooltipProvider delay={300}>
              <ToastRegion>
                <RouterProvider router={router} />
              </ToastRegion>
            </TooltipProvider>
          </QueryClientProvider>
        </ConvexProviderWithAuth>
      </Messages>
    </CSPProvider>
  </StrictMode>,
);
