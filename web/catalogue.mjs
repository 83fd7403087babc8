// `npm run i18n:check`: every string of the source is in the catalogues, and every language has words for it.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const held = new URL("src/locales/", import.meta.url).pathname;
const fresh = mkdtempSync(join(tmpdir(), "catalogue-"));
cpSync(held, fresh, { recursive: true });
const lingui = new URL("node_modules/.bin/lingui", import.meta.url).pathname;
execFileSync(process.execPath, [lingui, "extract", "--clean"], { env: { ...process.env, CATALOGUES: fresh }, cwd: new URL(".", import.meta.url).pathname, stdio: "ignore" });

/** Strings of a catalogue and what they are in its language; both may run over several quoted lines. */
const text = (quoted) => quoted.split("\n").map((line) => JSON.parse(line)).join("");
const entries = (file) => {
  const found = readFileSync(file, "utf8").matchAll(/^msgid ((?:".*"\n?)+)msgstr ((?:".*"(?:\n|$))+)/gm);
  return new Map(Array.from(found, ([, id, words]) => [text(id.trim()), text(words.trim())]));
};
const problems = [];
for (const language of ["en", "de"]) {
  const [now, then] = [entries(join(fresh, `${language}.po`)), entries(join(held, `${language}.po`))];
  for (const id of now.keys()) if (!then.has(id)) problems.push(`${language}: not in the catalogue: ${id}`);
  for (const id of then.keys()) if (!now.has(id)) problems.push(`${language}: used no more: ${id}`);
  for (const [id, words] of then) if (!words) problems.push(`${language}: without words: ${id}`);
}
rmSync(fresh, { recursive: true });
if (problems.length > 0) {
  console.error(`${problems.join("\n")}\nrun npm run i18n, then write the words that are missing`);
  process.exit(1);
}
