import { ApiReferenceReact } from "@scalar/api-reference-react";

import { useTheme } from "../../lib/theme.ts";

import "@scalar/api-reference-react/style.css";

// With its own fonts off, Scalar would fall back to the system's; ours are loaded anyway.
const FONTS = `:root {
  --scalar-font: "Inter Variable", system-ui, sans-serif;
  --scalar-font-code: "JetBrains Mono Variable", ui-monospace, monospace;
}`;

/**
 * Scalar over our own OpenAPI document. Everything that would reach another host is off: fonts, telemetry,
 * the vendor's agent, its proxy and its client.
 */
export function ApiReference() {
  const [theme] = useTheme();
  return (
    <ApiReferenceReact
      configuration={{
        url: "/openapi.json",
        withDefaultFonts: false,
        telemetry: false,
        agent: { disabled: true },
        mcp: { disabled: true },
        showDeveloperTools: "never",
        hideClientButton: true,
        persistAuth: false,
        proxyUrl: "",
        hideDarkModeToggle: true,
        ...(theme !== "system" && { forceDarkModeState: theme }),
        darkMode: matchMedia("(prefers-color-scheme: dark)").matches,
        customCss: FONTS,
      }}
    />
  );
}
