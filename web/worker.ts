import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "vite";

/** Alphabets that not everybody reads are kept once they were needed. */
const later = /inter-(cyrillic|greek|vietnamese)/;

/**
 * Writes `service-worker.js` beside the page once everything else is there: the worker of src/worker with the names of
 * all files in it. The build's name is the hash of what it holds, so another build is another worker.
 */
export function serviceWorker(): Plugin {
  let out = "";
  return {
    name: "service-worker",
    apply: "build",
    configResolved: (config) => void (out = config.build.outDir.startsWith("/") ? config.build.outDir : join(config.root, config.build.outDir)),
    async writeBundle() {
      const names = readdirSync(out, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.includes(".vite") && !["index.html", "service-worker.js"].includes(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(join(out, "/").length))
        .toSorted();
      const hash = createHash("sha256");
      for (const name of ["index.html", ...names]) hash.update(name).update(readFileSync(join(out, name)));
      const paths = names.map((name) => `/${name}`);
      const value = { name: hash.digest("hex").slice(0, 16), first: paths.filter((path) => !later.test(path)), later: paths.filter((path) => later.test(path)) };
      writeFileSync(join(out, "service-worker.js"), await bundled(JSON.stringify(value)));
    },
  };
}

/** One classic script: not every browser takes modules as workers. */
async function bundled(value: string): Promise<string> {
  const made = await build({
    configFile: false,
    publicDir: false,
    logLevel: "silent",
    define: { THIS_BUILD: value },
    build: { write: false, target: "es2022", rolldownOptions: { input: join(import.meta.dirname, "src/worker/main.ts"), output: { format: "iife" } } },
  });
  const [first] = [made].flat();
  if (!first || !("output" in first)) throw new Error("the worker was not built");
  return first.output[0].code;
}
