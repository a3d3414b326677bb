import tailwindcss from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [
    // Before React's plugin: it rewrites the route files that React then compiles.
    tanstackRouter({
      target: "react",
      routesDirectory: "app/routes",
      generatedRouteTree: "app/route-tree.gen.ts",
      autoCodeSplitting: true,
      quoteStyle: "double",
      semicolons: true,
      disableLogging: true,
    }),
    react(),
    tailwindcss(),
  ],
  build: {
    outDir: "dist/app",
    // An inlined asset is a data: URL, which our Content-Security-Policy refuses.
    assetsInlineLimit: 0,
    // The docs chunk holds all of Scalar and is loaded only by /docs.
    chunkSizeWarningLimit: 3000,
  },
});
