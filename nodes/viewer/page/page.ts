import type { ListedClip, Seen, Summary } from "../data";
import { percentOf } from "../data";
import { addressOf, readAddress } from "./address";
import { deleteClip, eventsOf, framesOf, listClips, summaryOf, tableAddress, videoAddress } from "./api";
import { putClips } from "./clip-list";
import { clock } from "./clock";
import { byId } from "./dom";
import { EventsList } from "./events";
import { listenToKeys } from "./keys";
import { notice, tellOf, toast } from "./notice";
import { listNow, percent, putTags, speakNow } from "./now";
import { type Drawn, draw } from "./overlay";
import { colourOf } from "./palette";
import { Player } from "./player";
import { saveStill } from "./still";
import { Timeline } from "./timeline";
import { Windows } from "./windows";
import { putWords, say } from "./words";

const stage = byId("stage");
const overlay = byId<HTMLCanvasElement>("overlay");
const pen = overlay.getContext("2d") as CanvasRenderingContext2D;
const labels = byId<HTMLInputElement>("labels");
const least = byId<HTMLInputElement>("least");

let clips: ListedClip[] = [];
/** The clip on show, its summary once something of its result has come, and its frames. */
let clip: ListedClip | undefined;
/** Its version that the page shows; undefined until all of it is shown, and once something else stands in its place. */
let shown: ListedClip["version"] | undefined;
let summary: Summary | undefined;
let windows: Windows | undefined;
/** The moment that the page's address names, until it is shown. */
let moment: number | undefined;
/** What is drawn now. */
let drawn: Drawn[] = [];

putWords();
const timeline = new Timeline({ seek, changed: filtersChanged });
const events = new EventsList({ seek, isShown: (track) => track < 0 || timeline.isShown(track) });
const player = new Player({ moved: show, changed: layOut, rested: () => speakNow(() => player.time) });

// Which clip

let looking = new AbortController();

/** Asks what is new and shows it. Only the newest look counts: it sees to all that an older one leaves unfinished. */
async function refresh(): Promise<void> {
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  try {
    clips = await listClips(signal);
    const named = readAddress(location.hash);
    const found = clips.find(({ id }) => id === (named.clip ?? clip?.id)) ?? clips[0];
    putClips(clips, found);
    if (found) await update(found, signal);
    else showNoClip();
  } catch {
    if (signal.aborted) return;
    shown = undefined;
    notice(say("unreachable"), true);
  }
}

function showNoClip(): void {
  clip = undefined;
  byId("viewer").hidden = true;
  player.open(undefined);
  notice(say("noClips"));
}

/** Shows a clip, or what is new about it. */
async function update(found: ListedClip, signal: AbortSignal): Promise<void> {
  const before = clip;
  clip = found;
  if (found.id === before?.id && shown === found.version) {
    // Frames that could not be fetched are asked for again.
    windows?.want(player.time);
    return;
  }
  if (found.id !== before?.id) openClip(found);
  else if (found.hasVideo && !before?.hasVideo) player.open(videoAddress(found.id));
  if (found.hasResult) await takeSummary(found, signal);
  shown = found.version;
  const viewer = byId("viewer");
  viewer.hidden = false;
  viewer.classList.toggle("bare", !found.hasVideo && found.frames === 0 && found.detections === 0);
  layOut();
  if (!found.loading && summary) void takeEvents();
  if (moment !== undefined && (summary || found.hasVideo)) {
    seek(moment);
    moment = undefined;
  }
}

function openClip({ id, fileName, hasVideo }: ListedClip): void {
  document.title = `${fileName} · ${say("title")}`;
  windows?.clear();
  windows = undefined;
  summary = undefined;
  shown = undefined;
  moment = readAddress(location.hash).time;
  timeline.reset();
  events.reset();
  pen.clearRect(0, 0, overlay.width, overlay.height);
  byId("viewer").hidden = true;
  notice("");
  player.open(hasVideo ? videoAddress(id) : undefined);
}

async function takeSummary({ id }: ListedClip, signal: AbortSignal): Promise<void> {
  const news = await summaryOf(id, signal);
  if (summary?.source !== news.source) {
    windows?.clear();
    windows = new Windows(news, (number, signal) => framesOf(id, number, signal), show);
    timeline.reset();
  }
  summary = news;
  player.summary = news;
  windows?.update(news);
}

let asking: AbortController | undefined;

/** Asks for the events that the threshold leaves. */
async function takeEvents(): Promise<void> {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const of = summary;
  if (!clip || clip.loading || !of) return;
  try {
    const found = await eventsOf(clip.id, Number(least.value), signal);
    if (signal.aborted || of.source !== summary?.source) return;
    events.show(found, of);
    events.time = player.time;
  } catch {
    // Another threshold is asked for; or Node-RED is away, and the next look asks again.
    if (!signal.aborted) shown = undefined;
  }
}

// The picture

/** The image that detections are measured in. */
function image(): { width: number; height: number } {
  const { videoWidth, videoHeight } = player.video;
  const { image: told, reach } = summary ?? {};
  if (told) return told;
  if (videoWidth > 0 && videoHeight > 0) return { width: videoWidth, height: videoHeight };
  // Nobody has told it: in the usual shape, and no box lies outside.
  const width = Math.max(16, reach?.width ?? 0, ((reach?.height ?? 0) * 16) / 9);
  return { width, height: (width * 9) / 16 };
}

function layOut(): void {
  const { video, hasPicture } = player;
  const { width, height } = hasPicture ? { width: video.videoWidth, height: video.videoHeight } : image();
  stage.style.setProperty("--ratio", `${width} / ${height}`);
  byId("blank").hidden = hasPicture || !player.hasFailed;
  byId("length").textContent = clock(player.length);
  if (!clip) return;
  timeline.show(summary ?? nothingSeen, player.length);
  const table = byId<HTMLAnchorElement>("table");
  table.hidden = summary?.kind !== "frames";
  table.href = tableAddress(clip.id, Number(least.value));
  if (shown !== undefined) tellOf(clip, { summary, hasNoPicture: player.hasFailed });
  show();
}

/** In place of a summary, while there is none. */
const nothingSeen: Summary = {
  source: "",
  kind: "frames",
  frames: 0,
  image: null,
  models: [],
  tracks: [],
  binSeconds: 1,
  windowSeconds: 10,
  step: 1,
  windows: [],
  first: null,
  last: null,
};

function seek(to: number): void {
  player.seek(to);
}

// What was seen

/** Characters of a class in the picture; its whole name stands beside it. */
const longestLabel = 24;
let listedAt = 0;

/** Draws and lists what is in the frame nearest to the time. */
function show(): void {
  const { clientWidth, clientHeight } = stage;
  const { time, video } = player;
  byId("at").textContent = clock(time);
  timeline.time = time;
  events.time = time;
  if (!summary || !clientWidth) {
    drawn = [];
    return;
  }
  windows?.want(time);
  const frame = windows?.nearest(time);
  const percentAtLeast = Number(least.value);
  const seen = (frame?.[2] ?? []).filter(
    ([track, confidence]) => timeline.isShown(track) && percentOf(confidence) >= percentAtLeast,
  );
  const sharp = devicePixelRatio || 1;
  const [width, height] = [Math.round(clientWidth * sharp), Math.round(clientHeight * sharp)];
  if (overlay.width !== width) overlay.width = width;
  if (overlay.height !== height) overlay.height = height;
  const { tracks } = summary;
  drawn = seen.map((one) => drawnOf(one, tracks));
  draw(pen, drawn, image(), { sharp });
  overlay.dataset.frame = frame ? String(frame[0]) : "";
  overlay.dataset.seen = String(seen.length);
  // The list beside it is read, not watched.
  const now = performance.now();
  if (!video.paused && now - listedAt < 250) return;
  listedAt = now;
  listNow(seen, summary, frame !== undefined);
  putTags(drawn.filter(({ label, box, shape }) => label && !box && !shape?.points && !shape?.keypoints));
}

function drawnOf([track, confidence, box, shape]: Seen, tracks: Summary["tracks"]): Drawn {
  const colour = colourOf(summary as Summary, track);
  if (!labels.checked) return { box, shape, colour, label: "" };
  const letters = [...(tracks[track]?.class ?? say("noClass")).slice(0, 2 * longestLabel)];
  const name =
    letters.length > longestLabel ? `${letters.slice(0, longestLabel - 1).join("")}…` : letters.join("");
  return { box, shape, colour, label: confidence === null ? name : `${name} ${percent(confidence)}` };
}

let waiting: ReturnType<typeof setTimeout> | undefined;

function filtersChanged(): void {
  events.refresh();
  events.time = player.time;
  show();
}

/** The threshold acts on everything: at once where the page knows enough, and on events a moment later. */
function leastChanged(): void {
  byId("least-text").textContent = `${least.value}%`;
  timeline.least = Number(least.value);
  if (clip) byId<HTMLAnchorElement>("table").href = tableAddress(clip.id, Number(least.value));
  show();
  clearTimeout(waiting);
  waiting = setTimeout(takeEvents, 200);
}

// What can be done with it

async function copyLink(): Promise<void> {
  if (!clip) return;
  history.replaceState(null, "", addressOf({ clip: clip.id, time: player.time }));
  try {
    await navigator.clipboard.writeText(location.href);
    toast(say("linkCopied"));
  } catch {
    // Only pages over https may, and those of this machine.
    toast(say("linkInAddress"));
  }
}

async function takeStill(): Promise<void> {
  const { video, hasPicture, time } = player;
  try {
    await saveStill(video, drawn, { image: image(), hasPicture, name: clip?.fileName ?? "", time });
  } catch {
    toast(say("stillFailed"));
  }
}

function askToDelete(): void {
  if (!clip) return;
  const { id, fileName } = clip;
  const question = byId<HTMLDialogElement>("question");
  byId("question-text").textContent = say("deleteQuestion", { name: fileName });
  question.returnValue = "";
  question.onclose = async () => {
    if (question.returnValue !== "delete") return;
    const isGone = await deleteClip(id).catch(() => false);
    if (!isGone) return toast(say("deleteFailed"));
    history.replaceState(null, "", "#");
    clip = undefined;
    await refresh();
  };
  question.showModal();
}

// Hands

byId("play").addEventListener("click", () => player.toggle());
byId("back").addEventListener("click", () => player.step(-1));
byId("forward").addEventListener("click", () => player.step(1));
byId("full-screen").addEventListener("click", () => player.toggleFullScreen());
stage.addEventListener("click", () => player.toggle());
byId("speed").addEventListener("change", ({ target }) => {
  player.speed = Number((target as HTMLSelectElement).value);
});
labels.addEventListener("change", show);
least.addEventListener("input", leastChanged);
byId("link").addEventListener("click", copyLink);
byId("still").addEventListener("click", takeStill);
byId("delete").addEventListener("click", askToDelete);
byId("clips").addEventListener("change", ({ target }) => {
  location.hash = addressOf({ clip: (target as HTMLSelectElement).value, time: undefined });
});
addEventListener("hashchange", () => {
  moment = readAddress(location.hash).time;
  const isSame = clip && (readAddress(location.hash).clip ?? clip.id) === clip.id;
  if (isSame && moment !== undefined) {
    seek(moment);
    moment = undefined;
  }
  void refresh();
});
new ResizeObserver(show).observe(stage);
listenToKeys(player, { events, labels, isOpen: () => clip !== undefined });

// What is new

async function watch(): Promise<void> {
  if (!document.hidden) await refresh();
  const isUnderWay = clips.some(({ state }) => state === "waiting" || state === "running");
  setTimeout(watch, !clip || isUnderWay ? 1500 : 4000);
}
void watch();
