import type { ListedClip } from "../data";
import { byId, element } from "./dom";
import { language, say } from "./words";

/** Stand before a clip's name, by its state. */
const marks = {
  waiting: say("markWaiting"),
  running: say("markRunning"),
  failed: say("markFailed"),
  done: "",
};

/** Fills the list that a clip is chosen from, and marks the one on show. */
export function putClips(clips: ListedClip[], chosen: ListedClip | undefined): void {
  const options = clips.map(({ id, fileName, created, state }) => {
    const when = new Date(created).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
    const mark = state === "failed" ? "⚠ " : "";
    const words = marks[state] ? `${marks[state]} · ` : "";
    // Before the name: a long one is cut off at its end.
    return element("option", { value: id }, `${mark}${words}${fileName} · ${when}`);
  });
  const list = byId<HTMLSelectElement>("clips");
  const told = options.map(({ value, text }) => `${value} ${text}`).join("\n");
  if (list.dataset.told !== told) list.replaceChildren(...options);
  list.dataset.told = told;
  if (chosen) list.value = chosen.id;
}
