// Keeps what was seen in small files, one folder a clip:
//   clip.json      what the list of clips shows
//   summary.json   which class was seen when, for the timeline
//   0.json 1.json  the frames of ten seconds each
// A window is written when the next one begins, as a whole: what comes twice replaces itself. Only the window
// that is being filled is in memory, however long the clip is.

/** Seconds of a window. */
const WINDOW = 10;
/** Pieces of the timeline: when a clip gets longer, its pieces do. */
const MOST_PIECES = 800;
const SHORTEST_PIECE = 0.25;
/** Rows of the timeline; a model that invents class names gets no more. */
const MOST_TRACKS = 200;

const { roboflow, parts, payload, error } = msg;
if (!roboflow || typeof roboflow.id !== "string") return null;
// What cannot be kept is an error of this node, which comes here once more.
if (error && error.source && error.source.id === node.id) return null;

const clips = flow.get("viewerClips");
const open = context.get("open") || {};
const id = roboflow.id.replace(/[^\w-]/g, "_").slice(0, 80);
const folder = path.join(flow.get("viewerFolder"), id);
const clip = clips.find((known) => known.id === id) || newClip();

if (error) finish("failed", error.message);
else if (msg.complete) finish("ready");
else if (parts && payload && typeof payload.frame === "number") takeFrame();
else if (clip.state === "running") show("running", { polls: roboflow.polls });
return null;

function newClip() {
  fs.mkdirSync(folder, { recursive: true });
  const source = typeof msg.filename === "string" ? msg.filename : "";
  const made = {
    id,
    name: roboflow.fileName || source.split(/[\\/]/).pop() || id,
    // Left out of the list that the page gets.
    video: source,
    created: new Date().toISOString(),
    state: "running",
    frames: 0,
  };
  clips.push(made);
  forgetOldest();
  write("clip.json", made);
  return made;
}

/** Deletes what was seen in the oldest clips, never a clip itself. */
function forgetOldest() {
  const most = Number(env.get("VIEWER_KEEP")) || 50;
  clips.sort((one, other) => one.created.localeCompare(other.created));
  while (clips.length > most) {
    const old = clips.shift();
    delete open[old.id];
    fs.rmSync(path.join(flow.get("viewerFolder"), old.id), { recursive: true, force: true });
  }
}

function takeFrame() {
  const it = opened();
  // Delivered again, as after a restart.
  if (parts.index < it.next) return;
  const { time, frame, image, predictions, results } = payload;
  // Also those that see nothing.
  for (const model of Object.keys(results || {})) modelOf(it.summary, model);
  // Without a time there is no place for it in the clip.
  if (typeof time === "number") {
    const window = Math.floor(time / WINDOW);
    if (window > it.window) {
      closeWindow(it);
      it.window = window;
    }
    it.frames.push({ frame, time, image, predictions });
  }
  it.next = parts.index + 1;
  if (it.next === parts.count) closeWindow(it);
  // Not with every window: a quick download closes hundreds a second.
  if (it.changed && Date.now() - it.writtenAt > 1000) {
    save(it);
    show("loading", { frames: it.summary.frames });
  }
}

/** The clip that is being filled: as it was left, also by a Node-RED that has ended meanwhile. */
function opened() {
  const known = open[id];
  if (known && known.summary.parts === parts.id) return known;
  const summary = unfinished() || {
    parts: parts.id,
    next: 0,
    frames: 0,
    windowSeconds: WINDOW,
    windows: [],
    pieceSeconds: Math.max(SHORTEST_PIECE, 1 / (Number(roboflow.inferFps) || 5)),
    models: [],
    tracks: [],
    image: null,
  };
  open[id] = { summary, next: summary.next, window: -1, frames: [], changed: false, writtenAt: 0 };
  context.set("open", open);
  return open[id];
}

function unfinished() {
  try {
    const summary = JSON.parse(fs.readFileSync(path.join(folder, "summary.json"), "utf8"));
    return summary.parts === parts.id ? summary : undefined;
  } catch {
    return undefined;
  }
}

function closeWindow(it) {
  const { summary, frames, window } = it;
  if (frames.length === 0) return;
  const kept = frames.map(({ frame, time, predictions }) => ({
    frame,
    time,
    seen: predictions.map((prediction) => compact(summary, prediction)),
  }));
  write(`${window}.json`, { frames: kept });
  for (const frame of kept) count(summary, frame);
  const [first] = kept;
  const last = kept[kept.length - 1];
  summary.first = summary.first || { frame: first.frame, time: first.time };
  summary.last = { frame: last.frame, time: last.time };
  summary.frames += kept.length;
  if (!summary.windows.includes(window)) summary.windows.push(window);
  if (!summary.image) summary.image = (frames.find(({ image }) => image) || { image: null }).image;
  summary.next = it.next;
  it.frames = [];
  it.changed = true;
}

/** What the page draws of a prediction; pixels of the video, to a tenth. */
function compact(summary, prediction) {
  // Gaze has a face where others have the box.
  const { x, y, width, height, confidence } = prediction.face || prediction;
  const label = String(prediction.class || (prediction.face || {}).class || "object");
  const seen = { track: trackOf(summary, prediction.model, label), score: round(confidence, 1000) };
  if ([x, y, width, height].every(Number.isFinite))
    seen.box = [x - width / 2, y - height / 2, width, height].map((value) => round(value, 10));
  if (Array.isArray(prediction.points))
    seen.points = prediction.points.map((point) => [round(point.x, 10), round(point.y, 10)]);
  if (Array.isArray(prediction.keypoints))
    seen.keypoints = prediction.keypoints.map((point) => [
      round(point.x, 10),
      round(point.y, 10),
      round(point.confidence, 100),
      String(point.class || ""),
    ]);
  if (Number.isFinite(prediction.yaw) && Number.isFinite(prediction.pitch))
    seen.gaze = [round(prediction.yaw, 1000), round(prediction.pitch, 1000)];
  return seen;
}

function round(value, steps) {
  return typeof value === "number" ? Math.round(value * steps) / steps : undefined;
}

/** The row of the timeline that a prediction belongs to: one for each class of each model. */
function trackOf(summary, model, label) {
  const { tracks } = summary;
  const of = modelOf(summary, model);
  const find = (name) => tracks.findIndex((track) => track.model === of && track.class === name);
  const known = find(label);
  if (known >= 0) return known;
  const name = tracks.length < MOST_TRACKS ? label : "(other classes)";
  const rest = find(name);
  if (rest >= 0) return rest;
  return tracks.push({ model: of, class: name, total: 0, seen: [] }) - 1;
}

function modelOf({ models }, model) {
  return models.includes(model) ? models.indexOf(model) : models.push(model) - 1;
}

/** Adds a frame to the timeline: by piece, the first time, the most at once and the surest. */
function count(summary, { time, seen }) {
  while (pieceOf(summary, time) >= MOST_PIECES) lengthenPieces(summary);
  const inFrame = new Map();
  for (const { track, score } of seen) {
    const so = inFrame.get(track) || { most: 0, best: 0 };
    // A task without a confidence is sure.
    inFrame.set(track, { most: so.most + 1, best: Math.max(so.best, score === undefined ? 1 : score) });
  }
  for (const [number, { most, best }] of inFrame) {
    const track = summary.tracks[number];
    track.total += most;
    addPiece(summary, track.seen, [time, most, best]);
  }
}

function addPiece(summary, pieces, [time, most, best]) {
  const last = pieces[pieces.length - 1];
  if (!last || pieceOf(summary, last[0]) !== pieceOf(summary, time)) pieces.push([time, most, best]);
  else {
    last[1] = Math.max(last[1], most);
    last[2] = Math.max(last[2], best);
  }
}

/** The margin keeps a frame at 0.4999 s from being taken for an earlier piece than the one at 0.5. */
function pieceOf({ pieceSeconds }, time) {
  return Math.floor((time + 0.001) / pieceSeconds);
}

function lengthenPieces(summary) {
  summary.pieceSeconds *= 2;
  for (const track of summary.tracks) {
    const pieces = track.seen;
    track.seen = [];
    for (const piece of pieces) addPiece(summary, track.seen, piece);
  }
}

function finish(state, message) {
  const it = open[id];
  if (it) {
    closeWindow(it);
    save(it);
    delete open[id];
  }
  const frames = it ? it.summary.frames : clip.frames;
  show(state, { frames, message, finished: new Date().toISOString() });
}

/** After the windows that it names, so that none is missing. */
function save(it) {
  write("summary.json", it.summary);
  it.changed = false;
  it.writtenAt = Date.now();
}

function show(state, facts) {
  Object.assign(clip, { state }, facts);
  write("clip.json", clip);
  const fill = { failed: "red", ready: "green" }[state] || "blue";
  node.status({ fill, shape: state === "failed" ? "ring" : "dot", text: `${state}, ${clip.frames} frames` });
}

/** Written beside, then renamed: whoever reads finds the old or the new one, never half of it. */
function write(name, value) {
  const file = path.join(folder, name);
  fs.writeFileSync(`${file}.part`, JSON.stringify(value));
  fs.renameSync(`${file}.part`, file);
}
