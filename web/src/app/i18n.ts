import { i18n } from "@lingui/core";
import { english } from "./words";

/** Languages there is a catalogue for, in their own names. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = "hubbub.language";

/** English comes with the screens that say it; another language arrives before the first paint that needs it. */
export async function speak(language: Language): Promise<void> {
  const messages = language === "de" ? (await import("@/locales/de.po")).messages : english;
  i18n.loadAndActivate({ locale: language, messages });
  document.documentElement.lang = language;
}

export function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEY, language);
  return speak(language);
}

export function preferredLanguage(): Language {
  const wished = [localStorage.getItem(KEY), ...navigator.languages];
  for (const wish of wished) {
    const base = wish?.split("-")[0];
    if (base && base in LANGUAGES) return base as Language;
  }
  return "en";
}
