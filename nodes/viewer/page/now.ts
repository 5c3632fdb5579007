import type { Seen, Summary } from "../data";
import { clock } from "./clock";
import { byId, element, swatch } from "./dom";
import { colourOf } from "./palette";
import { say } from "./words";

/** Confidences that are written behind a class. */
const mostConfidences = 3;
/** Labels in the corner of the picture. */
const mostTags = 5;

export const percent = (confidence: number): string => `${Math.round(confidence * 100)}%`;

/** Lists what is in the frame on the screen, by class. */
export function listNow(seen: readonly Seen[], summary: Summary, isProcessed: boolean): void {
  const byTrack = new Map<number, number[]>();
  const counts = new Map<number, number>();
  for (const [track, confidence] of seen) {
    counts.set(track, (counts.get(track) ?? 0) + 1);
    const known = byTrack.get(track) ?? [];
    if (confidence !== null) known.push(confidence);
    byTrack.set(track, known);
  }
  const items = [...byTrack].map(([track, confidences]) => {
    const name = summary.tracks[track]?.class ?? say("noClass");
    const sorted = confidences.sort((one, other) => other - one);
    const more = sorted.length > mostConfidences ? " …" : "";
    const count = counts.get(track) ?? 0;
    return element(
      "li",
      {},
      swatch(colourOf(summary, track)),
      element("span", { className: "name", title: name }, `${count > 1 ? `${count} × ` : ""}${name}`),
      element("span", { className: "sure" }, sorted.slice(0, mostConfidences).map(percent).join(" ") + more),
    );
  });
  const missing = summary.kind === "events" ? "onlyEvents" : "notProcessed";
  const nothing = element("li", { className: "none" }, say(isProcessed ? "none" : missing));
  byId("now").replaceChildren(...(items.length > 0 ? items : [nothing]));
}

/** Writes what has no place in the picture into its corner, as classes of a classification. */
export function putTags(tags: { colour: string; label: string }[]): void {
  byId("tags").replaceChildren(
    ...tags.slice(0, mostTags).map(({ colour, label }) => {
      const tag = element("li", {}, label);
      tag.style.background = colour;
      return tag;
    }),
  );
}

let waiting: ReturnType<typeof setTimeout> | undefined;

/** Tells screen readers what is in the frame, once the jumping has ended. */
export function speakNow(timeOf: () => number): void {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const names = [...document.querySelectorAll("#now .name")].map((name) => name.textContent);
    const nothing = document.querySelector("#now .none")?.textContent ?? say("none");
    byId("spoken").textContent = `${clock(timeOf())}: ${names.join(", ") || nothing}`;
  }, 400);
}
