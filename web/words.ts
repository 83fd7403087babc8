/**
 * English travels with the screens that say it: after the macros, each module of src/ gets its own words, so that the
 * first paint carries those of the first paint only. Other languages are a catalogue of their own, loaded when chosen.
 * Only for builds: while developing, the macros leave the words where they were written.
 */
import { createCompiledCatalog, getCatalogs } from "@lingui/cli/api";
import { getConfig } from "@lingui/conf";
import type { Plugin } from "vite";

/** Ids as the macros write them, in calls and in JSX. */
const ID = /\bid(?:: ?|=)"([\w-]{6})"/g;

export function wordsWithScreens(): Plugin {
  let english: Record<string, unknown> = {};
  const placed = new Set<string>();
  return {
    name: "words-with-screens",
    apply: "build",
    enforce: "post",
    async buildStart() {
      english = await compiledEnglish();
    },
    transform: {
      filter: { id: /\/src\/.*\.tsx?$/ },
      handler(code) {
        const ids = [...new Set(Array.from(code.matchAll(ID), ([, id = ""]) => id))].filter((id) => id in english);
        if (!ids.length) return null;
        for (const id of ids) placed.add(id);
        const words = JSON.stringify(Object.fromEntries(ids.map((id) => [id, english[id]])));
        return { code: `${code}\nimport { addWords as __addWords } from "@/app/words";\n__addWords(${words});\n`, map: null };
      },
    },
    buildEnd(error) {
      const lost = Object.keys(english).filter((id) => !placed.has(id));
      if (!error && lost.length) this.error(`no module says ${lost.map((id) => `${id} ${JSON.stringify(english[id])}`).join(", ")}: run \`npm run i18n\``);
    },
  };
}

async function compiledEnglish(): Promise<Record<string, unknown>> {
  const config = getConfig();
  const [catalog] = await getCatalogs(config);
  if (!catalog) throw new Error("lingui.config.ts names no catalogue");
  const { messages } = await catalog.getTranslations("en", { sourceLocale: "en", fallbackLocales: config.fallbackLocales, missingBehavior: "resolved" });
  const { source } = createCompiledCatalog("en", messages, { namespace: "json" });
  return (JSON.parse(source) as { messages: Record<string, unknown> }).messages;
}
