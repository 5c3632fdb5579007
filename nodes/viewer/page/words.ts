import { page as german } from "../../locales/de/viewer.json";
import { page as english } from "../../locales/en-US/viewer.json";
import { page as japanese } from "../../locales/ja/viewer.json";
import { fill } from "../../runtime/fill";

type Words = typeof english;
export type WordKey = keyof Words;

const catalogues: Record<string, Words> = { en: english, de: german, ja: japanese };

/** The first of the browser's languages that the page speaks. */
export const language: string =
  navigator.languages.map((tag) => tag.toLowerCase().slice(0, 2)).find((tag) => tag in catalogues) ?? "en";

/** A text of the page; `__name__` in it stands for a value. */
export const say = (key: WordKey, values: Record<string, string | number> = {}): string =>
  fill((catalogues[language] ?? english)[key], values);

/** A number as people write it in that language. */
export const grouped = (count: number): string => count.toLocaleString(language);

/** Puts the texts where the page names their keys. */
export function putWords(): void {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const place of document.querySelectorAll<HTMLElement>("[data-say]"))
    place.textContent = say(place.dataset.say as WordKey);
  for (const place of document.querySelectorAll<HTMLElement>("[data-name]"))
    place.setAttribute("aria-label", say(place.dataset.name as WordKey));
  for (const place of document.querySelectorAll<HTMLElement>("[data-hint]"))
    place.title = say(place.dataset.hint as WordKey);
}
