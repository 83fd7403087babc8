import { lingui, linguiTransformerBabelPreset } from "@lingui/vite-plugin";
import babel from "@rolldown/plugin-babel";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { wordsWithScreens } from "./words.ts";
import { serviceWorker } from "./worker.ts";

/** Where `vite dev` finds a running instance; everything the server answers itself is passed on to it. */
const server = process.env.HUBBUB_DEV_SERVER ?? "http://127.0.0.1:8080";
const reserved = ["/api", "/auth", "/servers", "/channels", "/invites", "/health"];

/** Names the chunk of everything that a module imports at once, itself included. */
function firstPaint(name: string, root: string) {
  let reached: Set<string> | null = null;
  return (id: string, graph: { getModuleInfo(id: string): { importedIds: string[] } | null }): string | null => {
    reached ??= reach(`${import.meta.dirname}${root}`, (from) => graph.getModuleInfo(from)?.importedIds ?? []);
    return reached.has(id) && !id.endsWith(".css") ? name : null;
  };
}

function reach(root: string, next: (id: string) => string[]): Set<string> {
  const found = new Set([root]);
  for (const id of found) for (const other of next(id)) found.add(other);
  return found;
}

export default defineConfig({
  plugins: [react(), lingui(), babel({ presets: [linguiTransformerBabelPreset()] }), tailwindcss(), wordsWithScreens(), serviceWorker()],
  resolve: {
    tsconfigPaths: true,
    // A replacement for what React before 18 did not have; it would ride in the first paint.
    alias: [{ find: /^use-sync-external-store\/shim(\/index\.js)?$/, replacement: "react" }],
  },
  // The Python server replaces this word by a nonce of its own in each answer; libraries that add styles read it from the meta tag.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: "../src/hubbub/web",
    emptyOutDir: true,
    target: "es2022",
    // The tokens are written with light-dark() and oklch(): browsers of 2024 and later know both, rewriting them doubles the sheet.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    manifest: true,
    modulePreload: { polyfill: false }, // all of these browsers know it
    // Nothing may become a data: URL: the page's policy allows fonts and worklets from its own origin only.
    assetsInlineLimit: 0,
    // The lazy editor and call chunks are above the warning on purpose; `npm run size` guards the first paint.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Few files for the first paint: each small one costs a request and compresses worse than together.
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\//, priority: 3 },
            { debugName: "entry", name: firstPaint("entry", "/src/main.tsx"), priority: 2 },
            { debugName: "house", name: firstPaint("house", "/src/app/Shell.tsx"), priority: 1 },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: {
      ...Object.fromEntries(reserved.map((path) => [path, { target: server, changeOrigin: true }])),
      "/gateway": { target: server, ws: true, changeOrigin: true },
      "/rtc": { target: server, ws: true, changeOrigin: true },
    },
  },
  test: {
    projects: [
      { extends: true, test: { name: "client", environment: "happy-dom", include: ["src/client/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "ui", environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], exclude: ["src/client/**"], setupFiles: ["./vitest.ui.ts"] },
      },
    ],
  },
});
