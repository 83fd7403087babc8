import { i18n } from "@lingui/core";

/** 16:44, or 4:44 PM where that is the custom. */
export function clockTime(at: number): string {
  return format("time", { timeStyle: "short" }).format(at);
}

/** The same for the narrow gutter: there the half of the day is known from the rows around. */
export function gutterTime(at: number): string {
  const parts = format("time", { timeStyle: "short" }).formatToParts(at);
  return parts.filter(({ type }) => type === "hour" || type === "minute").map(({ value }) => value).join(":");
}

export function fullTime(at: number): string {
  return format("full", { dateStyle: "full", timeStyle: "short" }).format(at);
}

/** "Friday 20 November"; the year only when it is another one. */
export function dayName(at: number, now = Date.now()): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return sameYear ? format("day", { weekday: "long", day: "numeric", month: "long" }).format(at) : format("day-year", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(at);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${i18n.locale}|${name}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(localeFor(), options)));
  return made;
}

/** The person's own region where it speaks the chosen language: British days in English stay British. */
function localeFor(): string {
  return navigator.languages.find((language) => language.split("-")[0] === i18n.locale) ?? i18n.locale;
}
