import { element } from "./dom.js";
import { draw } from "./overlay.js";
import { colourOf } from "./palette.js";
import { clock, Timeline } from "./timeline.js";
import { Windows } from "./windows.js";

const byId = (id) => document.getElementById(id);
const video = byId("video");
const stage = byId("stage");
const overlay = byId("overlay");
const pen = overlay.getContext("2d");
/** The page may stand below any path, with a slash at its end or without. */
const base = `${location.pathname.replace(/(?<!\/)\/+$/, "")}/clips`;

let clips = [];
/** The clip on show, its summary once it has frames, and its frames. */
let clip;
let summary;
let windows;
/** Seconds: where the picture on the screen is. */
let time = 0;
/** Whether there is a picture: a clip may have been deleted, or be of a kind that the browser does not play. */
let hasPicture = false;
let least = 0;

const timeline = new Timeline({ seek, changed: show, colourOf: (track) => colourOf(summary, track) });

async function ask(path, signal) {
  const answer = await fetch(`${base}${path}`, { signal });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

// Which clip

const isUnderWay = ({ state }) => state === "running" || state === "loading";

async function refresh() {
  try {
    clips = await ask("");
    listClips();
    const found = clips.find(({ id }) => id === (wanted() || clip?.id)) ?? clips[0];
    if (found) await update(found);
    else notice("There is no clip yet. Press the button of the inject node in the flow “Video viewer”.");
  } catch {
    notice("Node-RED does not answer. Trying again …", true);
  }
}

/** The clip that the page's address names. */
function wanted() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function listClips() {
  const options = clips.map(({ id, name, created }) => {
    const when = new Date(created).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    return element("option", { value: id }, `${name} · ${when}`);
  });
  const list = byId("clips");
  const told = options.map(({ value }) => value).join();
  if (list.dataset.told === told) return;
  list.dataset.told = told;
  list.replaceChildren(...options);
  if (clip) list.value = clip.id;
}

/** Shows a clip, or what is new about it. */
async function update(found) {
  const isOther = found.id !== clip?.id;
  const isNew =
    isOther || found.state !== clip.state || found.frames !== clip.frames || found.polls !== clip.polls;
  if (!isNew) return;
  clip = found;
  if (isOther) open();
  if (clip.frames > 0) await takeSummary();
  if (clip === found) tell();
}

function open() {
  byId("clips").value = clip.id;
  document.title = `${clip.name} · Video viewer`;
  windows?.clear();
  summary = undefined;
  time = 0;
  hasPicture = false;
  timeline.reset();
  pen.clearRect(0, 0, overlay.width, overlay.height);
  const { id } = clip;
  windows = new Windows((number, signal) => ask(`/${id}/${number}`, signal), show);
  byId("viewer").hidden = true;
  video.removeAttribute("src");
  if (clip.hasVideo) video.src = `${base}/${id}/video`;
  else noPicture();
}

async function takeSummary() {
  const { id } = clip;
  const news = await ask(`/${id}/summary`);
  if (clip.id !== id) return;
  if (summary && summary.parts !== news.parts) {
    windows.clear();
    timeline.reset();
  }
  summary = news;
  windows.update(summary);
  byId("viewer").hidden = false;
  layOut();
  show();
}

/** What there is to say about a clip besides its frames. */
function tell() {
  const { state, frames, polls, message } = clip;
  const nothing = summary && summary.tracks.length === 0;
  if (state === "failed") notice(message || "This clip failed.", true);
  else if (state === "loading") notice(`Frames are coming in: ${frames.toLocaleString("en")} so far.`);
  else if (state === "running")
    notice(
      `Roboflow is looking at this clip${polls ? ` (asked ${polls === 1 ? "once" : `${polls} times`})` : ""}.`,
    );
  else if (frames === 0)
    notice(
      "Roboflow's result has no frame for this clip, so there is nothing to draw. That happens when more frames a second are asked for than the clip has.",
    );
  else if (nothing)
    notice(`${frames.toLocaleString("en")} frames were looked at, and nothing was seen in them.`);
  else if (!hasPicture && (video.error || !clip.hasVideo)) noPicture();
  else notice("");
}

function notice(text, trouble = false) {
  const line = byId("notice");
  line.hidden = text === "";
  line.classList.toggle("trouble", trouble);
  if (line.textContent !== text) line.textContent = text;
}

// The picture

function length() {
  const looked = summary?.last ? summary.last.time : 0;
  return Math.max(Number.isFinite(video.duration) ? video.duration : 0, looked);
}

/** The image that predictions are measured in. */
function image() {
  return summary?.image ?? { width: video.videoWidth || 16, height: video.videoHeight || 9 };
}

function layOut() {
  const { width, height } = hasPicture ? { width: video.videoWidth, height: video.videoHeight } : image();
  stage.style.setProperty("--ratio", `${width} / ${height}`);
  byId("length").textContent = clock(length());
  if (summary) timeline.show(summary, length());
}

function noPicture() {
  hasPicture = false;
  stage.classList.add("blank");
  if (clip?.frames > 0)
    notice(
      "This browser cannot show the clip: it has been moved, or is of a kind that browsers do not play (mp4 with H.264 and webm are). What was seen is drawn without it.",
    );
}

video.addEventListener("loadedmetadata", () => {
  hasPicture = video.videoWidth > 0;
  stage.classList.toggle("blank", !hasPicture);
  layOut();
  show();
});
video.addEventListener("durationchange", layOut);
video.addEventListener("error", () => {
  if (video.hasAttribute("src")) noPicture();
});
video.addEventListener("seeked", () => {
  time = video.currentTime;
  show();
});

function seek(to) {
  time = Math.min(Math.max(0, to), length());
  // A little later than a frame's beginning, or rounding shows the one before it.
  if (hasPicture) video.currentTime = Math.min(time + 0.002, video.duration);
  show();
  if (!hasPicture || video.paused) speak();
}

/** The video's frames a second, as its frame numbers tell. */
function rate() {
  const { first, last } = summary ?? {};
  const told = last ? (last.frame - first.frame) / (last.time - first.time) : 0;
  return told > 0 && Number.isFinite(told) ? told : 25;
}

function step(frames) {
  video.pause();
  // Into the middle of a frame, so that the next step leaves it.
  const at = Math.floor(time * rate() + 0.05) + frames;
  seek((at + 0.5) / rate());
}

function play() {
  if (!hasPicture) return;
  if (!video.paused) return video.pause();
  // Refused when another clip has been chosen meanwhile.
  video.play().catch(() => {});
}

/** Draws with the picture that is on the screen, where the browser says which one that is. */
if ("requestVideoFrameCallback" in video) {
  const presented = (_, { mediaTime }) => {
    // A picture from before a jump may come after it; it must not take the playhead back.
    if (!video.seeking) {
      time = mediaTime;
      show();
    }
    video.requestVideoFrameCallback(presented);
  };
  video.requestVideoFrameCallback(presented);
} else {
  const tick = () => {
    if (video.paused) return;
    time = video.currentTime;
    show();
    requestAnimationFrame(tick);
  };
  video.addEventListener("play", tick);
}

// What was seen

/** Signs of a class in the picture; its whole name stands beside it. */
const longestLabel = 24;
let said = 0;
let spoken;

function show() {
  const { clientWidth, clientHeight } = stage;
  byId("at").textContent = clock(time);
  timeline.time = time;
  if (!summary || !clientWidth) return;
  windows.want(time);
  const frame = windows.nearest(time);
  const seen = (frame?.seen ?? []).filter(
    ({ track, score = 1 }) => timeline.isShown(track) && score >= least,
  );
  const sharp = devicePixelRatio || 1;
  const [width, height] = [Math.round(clientWidth * sharp), Math.round(clientHeight * sharp)];
  if (overlay.width !== width) overlay.width = width;
  if (overlay.height !== height) overlay.height = height;
  const dressed = seen.map((one) => ({ ...one, colour: colourOf(summary, one.track), label: labelOf(one) }));
  draw(pen, dressed, image(), sharp);
  overlay.dataset.frame = frame ? frame.frame : "";
  overlay.dataset.seen = seen.length;
  // The list beside it is read, not watched.
  const now = performance.now();
  if (!video.paused && now - said < 250) return;
  said = now;
  list(dressed, frame);
}

function labelOf({ track, score }) {
  if (!byId("labels").checked) return "";
  const signs = [...summary.tracks[track].class];
  const name = signs.length > longestLabel ? `${signs.slice(0, longestLabel - 1).join("")}…` : signs.join("");
  return score === undefined ? name : `${name} ${percent(score)}`;
}

const percent = (score) => `${Math.round(score * 100)}%`;

function list(seen, frame) {
  const rows = new Map();
  for (const { track, score, colour } of seen) {
    const row = rows.get(track) ?? { colour, scores: [] };
    row.scores.push(score);
    rows.set(track, row);
  }
  const items = [...rows].map(([track, { colour, scores }]) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = colour;
    const { class: name } = summary.tracks[track];
    const known = scores.filter((score) => score !== undefined).sort((one, other) => other - one);
    const sure = known.slice(0, 3).map(percent).join(" ") + (known.length > 3 ? " …" : "");
    const count = scores.length > 1 ? `${scores.length} × ` : "";
    return element(
      "li",
      {},
      swatch,
      element("span", { className: "name", title: name }, `${count}${name}`),
      element("span", { className: "sure" }, sure),
    );
  });
  const nothing = frame ? "Nothing" : "No frame was looked at here";
  byId("now").replaceChildren(...(items.length ? items : [element("li", { className: "none" }, nothing)]));
  // What has no box stands in the corner, as with classification.
  const tags = seen.filter(({ box, points, keypoints, label }) => label && !box && !points && !keypoints);
  byId("tags").replaceChildren(
    ...tags.slice(0, 5).map(({ colour, label }) => {
      const tag = element("li", {}, label);
      tag.style.background = colour;
      return tag;
    }),
  );
}

/** Tells screen readers what is in the frame, once the jumping has ended. */
function speak() {
  clearTimeout(spoken);
  spoken = setTimeout(() => {
    const names = [...document.querySelectorAll("#now li")].map(
      (item) => item.querySelector(".name")?.textContent,
    );
    byId("spoken").textContent = `${clock(time)}: ${names.filter(Boolean).join(", ") || "nothing"}`;
  }, 400);
}

// Hands

video.addEventListener("play", () => playing(true));
video.addEventListener("pause", () => playing(false));
function playing(is) {
  byId("play").classList.toggle("playing", is);
  byId("play").setAttribute("aria-label", is ? "Pause" : "Play");
  if (!is) {
    show();
    speak();
  }
}

byId("play").addEventListener("click", play);
byId("back").addEventListener("click", () => step(-1));
byId("forward").addEventListener("click", () => step(1));
stage.addEventListener("click", play);
byId("speed").addEventListener("change", ({ target }) => {
  video.playbackRate = Number(target.value);
  video.defaultPlaybackRate = video.playbackRate;
});
byId("labels").addEventListener("change", show);
byId("least").addEventListener("input", ({ target }) => {
  least = Number(target.value) / 100;
  byId("least-text").textContent = `${target.value}%`;
  timeline.least = least;
  show();
});
byId("clips").addEventListener("change", ({ target }) => {
  location.hash = encodeURIComponent(target.value);
});
addEventListener("hashchange", refresh);
new ResizeObserver(show).observe(stage);

const keys = {
  " ": play,
  k: play,
  ArrowLeft: (event) => seek(time - (event.shiftKey ? 1 : 5)),
  ArrowRight: (event) => seek(time + (event.shiftKey ? 1 : 5)),
  ",": () => step(-1),
  ".": () => step(1),
  Home: () => seek(0),
  End: () => seek(length()),
  l: () => byId("labels").click(),
};
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || !summary) return;
  // A field has keys of its own; a button, the space bar.
  if (target.closest("select, input[type=range]")) return;
  if (key === " " && target.closest("button, input, summary")) return;
  const action = keys[key.length === 1 ? key.toLowerCase() : key];
  if (!action) return;
  event.preventDefault();
  action(event);
});

// What is new

async function watch() {
  if (!document.hidden) await refresh();
  setTimeout(watch, !clip || isUnderWay(clip) ? 1500 : 8000);
}
watch();
