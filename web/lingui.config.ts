import { defineConfig } from "@lingui/conf";
import { formatter } from "@lingui/format-po";

export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "de"],
  // The check extracts into a folder of its own and compares.
  catalogs: [{ path: `${process.env["CATALOGUES"] ?? "src/locales"}/{locale}`, include: ["src"] }],
  format: formatter({ lineNumbers: false }),
});
