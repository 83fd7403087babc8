// What a browser must load before a room kept on this device is painted: the entry, the house, what both import
// statically, and their style sheets, gzipped. `npm run build` ends with it: above the budget there is no build.
// Fonts are not counted: they are optional. tests/e2e/test_first_paint.py holds the same against what is really asked for.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const budget = 150_000;
const out = new URL("../src/hubbub/web/", import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(out, ".vite/manifest.json"), "utf8"));
const size = (file) => gzipSync(readFileSync(join(out, file)), { level: 9 }).length;

/** Files that loading `key` loads at once: scripts and style sheets, without what is imported lazily. */
function closure(key, files = new Set()) {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return files;
  files.add(chunk.file);
  for (const sheet of chunk.css ?? []) files.add(sheet);
  for (const next of chunk.imports ?? []) closure(next, files);
  return files;
}

const first = closure("src/app/Shell.tsx"); // the house stands on the entry
const row = (file) => console.log(`  ${String((size(file) / 1000).toFixed(1)).padStart(7)} kB  ${file}`);
const bySize = (files) => [...files].toSorted((a, b) => size(b) - size(a));
const later = new Set();
for (const chunk of Object.values(manifest))
  for (const file of [chunk.file, ...(chunk.css ?? [])]) if (/\.(js|css)$/.test(file) && !first.has(file)) later.add(file);

const total = [...first].reduce((sum, file) => sum + size(file), 0);
const words = `first paint of a cached room: ${(total / 1000).toFixed(1)} of ${budget / 1000} kB gzipped`;
if (!process.argv.includes("--quiet")) {
  bySize(first).forEach(row);
  console.log("later:");
  bySize(later).forEach(row);
}
console.log(words);
if (total > budget) {
  console.error("the first paint is above its budget");
  process.exit(1);
}
