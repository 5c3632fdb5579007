import { type Bin, binOf, type Summary, type Track } from "../data";
import { clock } from "./clock";
import { byId, element, swatch } from "./dom";
import { colourOf } from "./palette";
import { makeStrip, putTicks } from "./strip";
import { grouped, say } from "./words";

/** Rows that are shown at first: models for everything know eighty classes and more. */
const shownAtFirst = 14;

interface TimelineHooks {
  seek(time: number): void;
  /** What is shown has changed. */
  changed(): void;
}

/** The row of a model. */
interface ModelRow {
  box: HTMLInputElement;
  tracks: number[];
}

/** The row of a class. */
interface TrackRow {
  track: number;
  box: HTMLInputElement;
  canvas: HTMLCanvasElement;
  row: HTMLElement;
  total: HTMLElement;
}

/**
 * What was seen when: a ruler, and a row for each class of each model, with the box that hides it.
 * A row is a slider: arrows go to where its class was seen before and next.
 */
export class Timeline {
  readonly #rows = byId("rows");
  readonly #more = byId("more");
  readonly #hooks: TimelineHooks;
  readonly #hidden = new Set<number>();
  #summary: Summary | undefined;
  #length = 1;
  #time = 0;
  #least = 0;
  #models: ModelRow[] = [];
  #tracks: TrackRow[] = [];
  #strips: HTMLElement[] = [];
  #all = false;
  #pointer = element("div", { id: "pointer", hidden: true });

  constructor(hooks: TimelineHooks) {
    this.#hooks = hooks;
    this.#more.addEventListener("click", () => {
      this.#all = !this.#all;
      this.#build();
    });
    new ResizeObserver(() => this.#paint()).observe(this.#rows);
  }

  /** Another clip: everything is shown again. */
  reset(): void {
    this.#hidden.clear();
    this.#all = false;
    this.#summary = undefined;
    this.#rows.replaceChildren();
  }

  show(summary: Summary, length: number): void {
    const before = this.#summary;
    this.#summary = summary;
    this.#length = Math.max(0.1, length);
    const isSame =
      before?.tracks.length === summary.tracks.length && before.models.length === summary.models.length;
    // What has the focus keeps it while a clip is still coming in.
    if (isSame) this.#refresh();
    else this.#build();
  }

  isShown(track: number): boolean {
    return !this.#hidden.has(track);
  }

  /** Percent of confidence from which detections count. */
  set least(percent: number) {
    this.#least = percent;
    this.#refresh();
  }

  set time(time: number) {
    this.#time = time;
    this.#rows.style.setProperty("--part", String(Math.min(1, time / this.#length)));
    for (const strip of this.#strips) {
      strip.setAttribute("aria-valuenow", time.toFixed(1));
      strip.setAttribute("aria-valuetext", clock(time));
    }
  }

  #build(): void {
    if (!this.#summary) return;
    const { models, tracks } = this.#summary;
    this.#models = [];
    this.#tracks = [];
    this.#strips = [];
    const rows = [this.#ruler()];
    const totals = tracks.map((track) => totalFrom(track, 0));
    const order = tracks
      .map((_, track) => track)
      .sort((one, other) => (totals[other] ?? 0) - (totals[one] ?? 0));
    const shown = new Set(this.#all ? order : order.slice(0, shownAtFirst));
    for (const [model, name] of models.entries()) {
      const mine = order.filter((track) => tracks[track]?.model === model);
      rows.push(this.#modelRow(name, mine));
      for (const track of mine) if (shown.has(track)) rows.push(this.#trackRow(track));
    }
    this.#rows.replaceChildren(...rows, element("div", { id: "head" }), this.#pointer);
    this.#more.hidden = tracks.length <= shownAtFirst;
    this.#more.textContent = this.#all ? say("fewerRows") : say("allRows", { count: grouped(tracks.length) });
    this.time = this.#time;
    this.#refresh();
  }

  #ruler(): HTMLElement {
    const strip = this.#strip(say("time"), {
      step: (key) => ({ ArrowLeft: this.#time - 1, ArrowRight: this.#time + 1 })[key],
      snapped: (time) => time,
    });
    strip.id = "ruler";
    return element(
      "div",
      { className: "row ruler" },
      element("span", { className: "title" }, say("timeline")),
      strip,
    );
  }

  #modelRow(name: string, tracks: number[]): HTMLElement {
    const box = element("input", { type: "checkbox", disabled: tracks.length === 0 });
    box.addEventListener("change", () => {
      for (const track of tracks) this.#hide(track, !box.checked);
      this.#refresh();
      this.#hooks.changed();
    });
    box.dataset.model = name;
    this.#models.push({ box, tracks });
    return element("div", { className: "row model" }, labelled(box, name));
  }

  #trackRow(track: number): HTMLElement {
    const { models, tracks } = this.#summary as Summary;
    const { class: className, model } = tracks[track] as Track;
    const name = className ?? say("noClass");
    const box = element("input", { type: "checkbox" });
    box.dataset.track = String(track);
    box.addEventListener("change", () => {
      this.#hide(track, !box.checked);
      this.#refresh();
      this.#hooks.changed();
    });
    const total = element("span", { className: "total" });
    const canvas = element("canvas", { ariaHidden: "true" });
    const of = models.length > 1 ? ` (${models[model]})` : "";
    const strip = this.#strip(`${name}${of}`, {
      step: (key) => this.#seenFrom(track, key),
      snapped: (time, reach) => this.#snapped(track, time, reach),
    });
    strip.dataset.track = String(track);
    strip.append(canvas);
    const row = element(
      "div",
      { className: "row" },
      labelled(box, name, swatch(this.#colourOf(track)), total),
      strip,
    );
    this.#tracks.push({ track, box, canvas, row, total });
    return row;
  }

  #strip(
    name: string,
    {
      step,
      snapped,
    }: { step(key: string): number | undefined; snapped(time: number, reach: number): number },
  ): HTMLElement {
    const strip = makeStrip(name, {
      length: () => this.#length,
      seek: this.#hooks.seek,
      step,
      snapped,
      hovered: (time) => this.#point(time),
    });
    this.#strips.push(strip);
    return strip;
  }

  /** Shows which time the pointer is at. */
  #point(time: number | undefined): void {
    this.#pointer.hidden = time === undefined;
    if (time === undefined) return;
    this.#pointer.textContent = clock(time);
    this.#pointer.style.setProperty("--at", String(time / this.#length));
  }

  #hide(track: number, isHidden: boolean): void {
    if (isHidden) this.#hidden.add(track);
    else this.#hidden.delete(track);
  }

  #colourOf(track: number): string {
    return colourOf(this.#summary as Summary, track);
  }

  /** Bins in which something is left at this confidence. */
  #bins(track: number): Bin[] {
    return (this.#summary?.tracks[track]?.bins ?? []).filter((bin) => mostFrom(bin, this.#least) > 0);
  }

  /** Where a class is first seen again before or after now, first or last. */
  #seenFrom(track: number, key: string): number | undefined {
    const binSeconds = this.#summary?.binSeconds ?? 1;
    const bins = this.#bins(track);
    const begins = bins.filter(
      (bin, at) => at === 0 || binOf(bin[0], binSeconds) - binOf((bins[at - 1] as Bin)[0], binSeconds) > 1,
    );
    const times = begins.map(([time]) => time);
    const margin = 0.05;
    switch (key) {
      case "ArrowRight":
        return times.find((time) => time > this.#time + margin) ?? this.#time;
      case "ArrowLeft":
        return times.findLast((time) => time < this.#time - margin) ?? this.#time;
      case "Home":
        return times[0] ?? this.#time;
      case "End":
        return times.at(-1) ?? this.#time;
      default:
        return undefined;
    }
  }

  #snapped(track: number, time: number, reach: number): number {
    const binSeconds = this.#summary?.binSeconds ?? 1;
    let best: { from: number; away: number } | undefined;
    for (const [from] of this.#bins(track)) {
      const away = from > time ? from - time : Math.max(0, time - from - binSeconds);
      if (away === 0) return Math.max(time, from);
      if (away <= reach && (!best || away < best.away)) best = { from, away };
    }
    return best ? best.from : time;
  }

  #refresh(): void {
    const { tracks } = this.#summary ?? { tracks: [] };
    for (const { box, tracks: mine } of this.#models) {
      const shown = mine.filter((track) => this.isShown(track)).length;
      box.checked = shown > 0;
      box.indeterminate = shown > 0 && shown < mine.length;
    }
    for (const { track, box, row, total } of this.#tracks) {
      box.checked = this.isShown(track);
      row.classList.toggle("off", !box.checked);
      total.textContent = grouped(totalFrom(tracks[track], this.#least));
    }
    for (const strip of this.#strips) strip.setAttribute("aria-valuemax", this.#length.toFixed(1));
    this.#paint();
  }

  #paint(): void {
    const [ruler] = this.#strips;
    if (!this.#summary || !ruler) return;
    putTicks(ruler, this.#length);
    const { binSeconds } = this.#summary;
    for (const { track, canvas } of this.#tracks) {
      const width = Math.round(canvas.clientWidth * devicePixelRatio);
      const height = Math.round(canvas.clientHeight * devicePixelRatio);
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      const pen = canvas.getContext("2d");
      if (!pen) continue;
      pen.clearRect(0, 0, width, height);
      pen.fillStyle = this.#colourOf(track);
      pen.globalAlpha = this.isShown(track) ? 1 : 0.2;
      const bins = this.#bins(track).map((bin) => [bin[0], mostFrom(bin, this.#least)] as const);
      const highest = bins.reduce((most, [, here]) => Math.max(most, here), 1);
      for (const [time, most] of bins) {
        // Bins lie on a grid; whole pixels leave no seam between them.
        const bin = binOf(time, binSeconds);
        const edge = (at: number) => Math.round(((at * binSeconds) / this.#length) * width);
        const high = Math.round(height * (0.3 + 0.7 * (most / highest)));
        pen.fillRect(edge(bin), height - high, Math.max(2, edge(bin + 1) - edge(bin)), high);
      }
    }
  }
}

function labelled(box: HTMLInputElement, name: string, ...more: HTMLElement[]): HTMLElement {
  const [colour, total] = more;
  const text = element("span", { className: "name", title: name }, name);
  return element(
    "label",
    { className: "check" },
    box,
    ...(colour ? [colour] : []),
    text,
    ...(total ? [total] : []),
  );
}

/** Detections of a row from a confidence on. */
const totalFrom = (track: Track | undefined, percent: number): number =>
  (track?.counts ?? []).reduce((sum, count, at) => (at >= percent ? sum + count : sum), 0);

/** The most in one frame, from a confidence on. */
function mostFrom(bin: Bin, percent: number): number {
  let most = 0;
  // The highest stand first.
  while (most + 1 < bin.length && (bin[most + 1] as number) >= percent) most++;
  return most;
}
