import { element } from "./dom.js";

/** Rows that are shown at first: models for everything know eighty classes and more. */
const shownAtFirst = 14;
/** Pixels within which a click means the nearest piece. */
const snap = 8;
/** Seconds between two ticks of the ruler. */
const rulers = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

/**
 * What was seen when: a ruler, and a row for each class of each model, with the box that hides it.
 * A row is a slider: arrows go to where its class was seen before and next.
 */
export class Timeline {
  #rows = document.getElementById("rows");
  #more = document.getElementById("more");
  #summary;
  #length = 1;
  #time = 0;
  #least = 0;
  #hidden = new Set();
  #colourOf;
  #seek;
  #changed;
  #tracks = [];
  #sliders = [];
  #all = false;

  /** @param {{seek: (time: number) => void, changed: () => void, colourOf: (track: number) => string}} wiring */
  constructor({ seek, changed, colourOf }) {
    this.#seek = seek;
    this.#changed = changed;
    this.#colourOf = colourOf;
    this.#more.addEventListener("click", () => {
      this.#all = !this.#all;
      this.#build();
    });
    new ResizeObserver(() => this.#paint()).observe(this.#rows);
  }

  /** Another clip: everything is shown again. */
  reset() {
    this.#hidden.clear();
    this.#all = false;
    this.#rows.replaceChildren();
  }

  show(summary, length) {
    const same = this.#rows.childElementCount > 0 && this.#summary?.tracks.length === summary.tracks.length;
    this.#summary = summary;
    this.#length = Math.max(0.1, length);
    // What has the focus keeps it while a clip is still coming in.
    if (same) this.#refresh();
    else this.#build();
  }

  isShown(track) {
    return !this.#hidden.has(track);
  }

  set least(least) {
    this.#least = least;
    this.#paint();
  }

  set time(time) {
    this.#time = time;
    this.#rows.style.setProperty("--part", Math.min(1, time / this.#length));
    const text = clock(time);
    for (const slider of this.#sliders) {
      slider.setAttribute("aria-valuenow", time.toFixed(1));
      slider.setAttribute("aria-valuetext", text);
    }
  }

  #build() {
    const { models, tracks } = this.#summary;
    this.#tracks = [];
    this.#sliders = [];
    const rows = [this.#ruler()];
    const order = tracks
      .map((_, number) => number)
      .sort((one, other) => tracks[other].total - tracks[one].total);
    const shown = new Set(this.#all ? order : order.slice(0, shownAtFirst));
    models.forEach((name, model) => {
      const mine = order.filter((number) => tracks[number].model === model);
      rows.push(this.#modelRow(name, mine));
      for (const number of mine) if (shown.has(number)) rows.push(this.#trackRow(number));
    });
    this.#rows.replaceChildren(...rows, element("div", { id: "head" }));
    this.#more.hidden = tracks.length <= shownAtFirst;
    this.#more.textContent = this.#all ? "Show fewer rows" : `Show all ${tracks.length} rows`;
    this.time = this.#time;
    this.#refresh();
  }

  #ruler() {
    const slider = this.#slider(
      "Time",
      (key) => ({ ArrowLeft: this.#time - 1, ArrowRight: this.#time + 1 })[key],
    );
    slider.id = "ruler";
    return element(
      "div",
      { className: "row ruler" },
      element("span", { className: "title" }, "Seen when"),
      slider,
    );
  }

  #modelRow(name, mine) {
    const box = element("input", { type: "checkbox", disabled: mine.length === 0 });
    box.addEventListener("change", () => {
      for (const number of mine) this.#hidden[box.checked ? "delete" : "add"](number);
      this.#refresh();
      this.#changed();
    });
    box.dataset.model = name;
    this.#tracks.push({ box, mine });
    return element(
      "div",
      { className: "row model" },
      element(
        "label",
        { className: "check" },
        box,
        element("span", { className: "name", title: name }, name),
      ),
    );
  }

  #trackRow(number) {
    const { class: name, model } = this.#summary.tracks[number];
    const box = element("input", { type: "checkbox" });
    box.dataset.track = number;
    box.addEventListener("change", () => {
      this.#hidden[box.checked ? "delete" : "add"](number);
      this.#refresh();
      this.#changed();
    });
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = this.#colourOf(number);
    const total = element("span", { className: "total" });
    const canvas = element("canvas", { ariaHidden: "true" });
    const of = this.#summary.models.length > 1 ? ` (${this.#summary.models[model]})` : "";
    const slider = this.#slider(`${name}${of}`, (key) => this.#seenFrom(number, key));
    slider.dataset.track = number;
    slider.append(canvas);
    const row = element(
      "div",
      { className: "row" },
      element(
        "label",
        { className: "check" },
        box,
        swatch,
        element("span", { className: "name", title: name }, name),
        total,
      ),
      slider,
    );
    this.#tracks.push({ number, box, canvas, row, total });
    return row;
  }

  /** A strip of time: click and drag to jump, keys to step. */
  #slider(name, step) {
    const strip = element("div", { className: "track", tabIndex: 0, role: "slider", ariaLabel: name });
    strip.setAttribute("aria-valuemin", "0");
    const jump = (event) => {
      const { left, width } = strip.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (event.clientX - left) / width));
      const time = part * this.#length;
      this.#seek(this.#snapped(strip.dataset.track, time, (snap / width) * this.#length));
    };
    strip.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      strip.setPointerCapture(event.pointerId);
      jump(event);
    });
    strip.addEventListener("pointermove", (event) => {
      if (strip.hasPointerCapture(event.pointerId)) jump(event);
    });
    strip.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const time = step(event.key);
      if (time === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.#seek(time);
    });
    this.#sliders.push(strip);
    return strip;
  }

  /** The pieces of a row in which something passes the filter. */
  #pieces(number) {
    return this.#summary.tracks[number].seen.filter(([, , best]) => best >= this.#least);
  }

  /** Where its class is seen from, before or after now; pieces beside each other are one time. */
  #seenFrom(number, key) {
    const { pieceSeconds } = this.#summary;
    const pieces = this.#pieces(number);
    const starts = pieces
      .map(([time]) => time)
      .filter((time, at) => at === 0 || time - pieces[at - 1][0] > 2 * pieceSeconds);
    const margin = 0.05;
    switch (key) {
      case "ArrowRight":
        return starts.find((time) => time > this.#time + margin);
      case "ArrowLeft":
        return starts.filter((time) => time < this.#time - margin).pop();
      case "Home":
        return starts[0];
      case "End":
        return starts[starts.length - 1];
      default:
        return undefined;
    }
  }

  /** A click beside a narrow piece means that piece. */
  #snapped(number, time, reach) {
    if (number === undefined) return time;
    const { pieceSeconds } = this.#summary;
    let best;
    for (const [from] of this.#pieces(Number(number))) {
      const away = time < from ? from - time : Math.max(0, time - from - pieceSeconds);
      if (away === 0) return Math.max(time, from);
      if (away <= reach && (!best || away < best.away)) best = { from, away };
    }
    return best ? best.from : time;
  }

  #refresh() {
    for (const { number, box, row, total, mine } of this.#tracks) {
      if (mine) {
        const shown = mine.filter((each) => this.isShown(each)).length;
        box.checked = shown > 0;
        box.indeterminate = shown > 0 && shown < mine.length;
        continue;
      }
      box.checked = this.isShown(number);
      row.classList.toggle("off", !box.checked);
      total.textContent = this.#summary.tracks[number].total.toLocaleString("en");
    }
    for (const slider of this.#sliders) slider.setAttribute("aria-valuemax", this.#length.toFixed(1));
    this.#paint();
  }

  #paint() {
    if (!this.#summary || this.#sliders.length === 0) return;
    this.#ticks();
    const { tracks, pieceSeconds } = this.#summary;
    for (const { number, canvas } of this.#tracks) {
      if (!canvas) continue;
      const width = Math.round(canvas.clientWidth * devicePixelRatio);
      const height = Math.round(canvas.clientHeight * devicePixelRatio);
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, width, height);
      pen.fillStyle = this.#colourOf(number);
      pen.globalAlpha = this.isShown(number) ? 1 : 0.2;
      const highest = Math.max(1, ...tracks[number].seen.map(([, most]) => most));
      for (const [time, most] of this.#pieces(number)) {
        // Pieces lie on a grid; whole pixels leave no seam between them.
        const piece = Math.floor((time + 0.001) / pieceSeconds);
        const [from, to] = [piece, piece + 1].map((at) =>
          Math.round(((at * pieceSeconds) / this.#length) * width),
        );
        const high = Math.round(height * (0.3 + 0.7 * (most / highest)));
        pen.fillRect(from, height - high, Math.max(2, to - from), high);
      }
    }
  }

  #ticks() {
    const [ruler] = this.#sliders;
    const room = Math.max(2, ruler.clientWidth / 60);
    const every = rulers.find((seconds) => this.#length / seconds <= room) ?? 28800;
    const ticks = [];
    for (let time = 0; time <= this.#length; time += every) {
      const tick = element("div", { className: "tick" }, element("span", {}, clock(time, every < 1)));
      tick.style.left = `${(time / this.#length) * 100}%`;
      if (time > 0.94 * this.#length) tick.classList.add("last");
      ticks.push(tick);
    }
    ruler.replaceChildren(...ticks);
  }
}

/** `1:02:03.4` */
export function clock(time, tenths = true) {
  const whole = Math.floor(time * 10 + 0.01) / 10;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const seconds = (whole % 60).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}
