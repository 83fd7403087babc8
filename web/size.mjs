// What a browser must load before the first paint: the entry, what it imports statically, and their style sheets, gzipped.
// `npm run size` prints the chunks of the last build and fails when that closure is above the budget (fonts are not counted: they are optional).
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

const entry = closure("index.html");
const row = (file) => console.log(`  ${String((size(file) / 1000).toFixed(1)).padStart(7)} kB  ${file}`);
const bySize = (files) => [...files].toSorted((a, b) => size(b) - size(a));
const lazy = new Set();
for (const chunk of Object.values(manifest))
  for (const file of [chunk.file, ...(chunk.css ?? [])]) if (/\.(js|css)$/.test(file) && !entry.has(file)) lazy.add(file);

console.log("first paint (gz):");
bySize(entry).forEach(row);
const total = [...entry].reduce((sum, file) => sum + size(file), 0);
console.log(`  ${String((total / 1000).toFixed(1)).padStart(7)} kB  of ${budget / 1000} kB`);
console.log("later (gz):");
bySize(lazy).forEach(row);
if (total > budget) {
  console.error("the first paint is above its budget");
  process.exit(1);
}
