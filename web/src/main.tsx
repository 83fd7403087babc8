import { createRoot } from "react-dom/client";
import { createClient } from "@/client";
import { App } from "@/app/App";
import { followAppearance } from "@/app/appearance";
import { preferredLanguage, speak } from "@/app/i18n";
import "./styles/index.css";

followAppearance(document.documentElement);
if (!/^\/(login|register|invite|setup)\b/.test(location.pathname)) void import("@/app/Shell"); // on its way while words and typeface are
await Promise.all([speak(preferredLanguage()), typeface()]);

/** The own typeface from the first frame on where it is at hand; a slow line does not wait for it. */
function typeface(): Promise<unknown> {
  const loaded = ["400", "600"].map((weight) => document.fonts.load(`${weight} 1rem "Inter Variable"`));
  return Promise.race([Promise.allSettled(loaded), new Promise((resolve) => setTimeout(resolve, 120))]);
}

const root = document.getElementById("root");
if (!root) throw new Error("The page has no #root.");
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce || undefined;
createRoot(root).render(<App client={createClient()} nonce={nonce} />);
