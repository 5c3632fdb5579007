import { shorten } from "../roboflow/shorten";

export type Mood = "busy" | "good" | "bad" | "plain";

const icons: Record<Mood, string> = {
  busy: "fa fa-spinner fa-spin",
  good: "fa fa-check-circle",
  bad: "fa fa-exclamation-circle",
  plain: "fa fa-info-circle",
};

/** Characters of a sentence that may be a server's. */
const longest = 1000;

/** Shows one sentence in an element with `role="status"`, so that it is also read aloud. Text only: it may be a server's. */
export function notice(place: JQuery, mood: Mood, text: string): void {
  place
    .attr("data-mood", mood)
    .empty()
    .append($("<i>", { class: icons[mood], "aria-hidden": "true" }))
    .append($("<span>").text(shorten(text, longest)))
    .show();
}
