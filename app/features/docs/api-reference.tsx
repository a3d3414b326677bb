import { ApiReferenceReact } from "@scalar/api-reference-react";

import { useTheme } from "../../lib/theme.ts";

import "@scalar/api-reference-react/style.css";

// Scalar's own fonts are off and its colours are greys of its own; with ours it is the same house, in both themes.
const LOOKS = `:root {
  --scalar-font: "Inter Variable", system-ui, sans-serif;
  --scalar-font-code: "JetBrains Mono Variable", ui-monospace, monospace;
}
.light-mode, .dark-mode {
  --scalar-background-1: var(--bg);
  --scalar-background-2: var(--surface);
  --scalar-background-3: var(--raised);
  --scalar-background-accent: var(--accent-soft);
  --scalar-border-color: var(--border);
  --scalar-color-1: var(--text);
  --scalar-color-2: var(--text-muted);
  --scalar-color-3: var(--text-muted);
  --scalar-color-accent: var(--accent);
  --scalar-color-green: var(--ok);
  --scalar-color-blue: var(--info);
  --scalar-color-red: var(--danger);
  --scalar-color-orange: var(--warn);
  --scalar-color-yellow: var(--warn);
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
        // The name of the scheme in openapi.json: nearly every call is made with a key.
        authentication: { preferredSecurityScheme: "apiKey" },
        proxyUrl: "",
        hideDarkModeToggle: true,
        ...(theme !== "system" && { forceDarkModeState: theme }),
        darkMode: matchMedia("(prefers-color-scheme: dark)").matches,
        customCss: LOOKS,
      }}
    />
  );
}
