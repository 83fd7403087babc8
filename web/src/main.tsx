import { createRoot } from "react-dom/client";
import { createClient } from "@/client";
import { App } from "@/app/App";
import { followAppearance } from "@/app/appearance";
import { preferredLanguage, speak } from "@/app/i18n";
import "./styles/index.css";

followAppearance(document.documentElement);
await speak(preferredLanguage());

const root = document.getElementById("root");
if (!root) throw new Error("The page has no #root.");
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce || undefined;
createRoot(root).render(<App client={createClient()} nonce={nonce} />);
