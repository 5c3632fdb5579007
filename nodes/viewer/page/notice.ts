import type { ListedClip, Summary } from "../data";
import { byId } from "./dom";
import { grouped, say } from "./words";

/** Shows one sentence above the clip; an empty one hides it. */
export function notice(text: string, isTrouble = false): void {
  const line = byId("notice");
  line.hidden = text === "";
  line.classList.toggle("trouble", isTrouble);
  if (line.textContent !== text) line.textContent = text;
}

/** Milliseconds that a short word is shown. */
const shortly = 4000;
let hiding: ReturnType<typeof setTimeout> | undefined;

/** Shows a word on what has just been done, for a moment. */
export function toast(text: string): void {
  const place = byId("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    place.hidden = true;
  }, shortly);
}

/** What there is to say about a clip besides what is drawn. */
export function tellOf(
  clip: ListedClip,
  { summary, hasNoPicture }: { summary: Summary | undefined; hasNoPicture: boolean },
): void {
  const { state, loading, frames, polls, error, expectedFrames } = clip;
  if (state === "failed") notice(error || say("failed"), true);
  else if (loading) notice(loadingWords(frames, expectedFrames));
  else if (state === "waiting") notice(say("waiting"));
  else if (state === "running")
    notice(polls > 0 ? say("runningPolls", { count: grouped(polls) }) : say("running"));
  else if (frames === 0 && summary?.kind !== "events") notice(say("empty"));
  else if (summary?.kind === "events" && summary.tracks.length === 0) notice(say("noEventsFound"));
  else if (summary && summary.tracks.length === 0 && summary.kind === "frames")
    notice(say("nothing", { count: grouped(frames) }));
  else notice(hasNoPicture ? say("noPicture") : "");
}

function loadingWords(frames: number, expected: number | null): string {
  const count = grouped(frames);
  return expected !== null && expected >= frames
    ? say("loadingOf", { count, total: grouped(expected) })
    : say("loading", { count });
}
