import type { DetectionEvent } from "../../roboflow/result/types";
import type { Summary } from "../data";
import { clock } from "./clock";
import { byId, element, swatch } from "./dom";
import { colourOf } from "./palette";
import { grouped, say } from "./words";

/** Events that are listed at first, and at most: nobody reads more, and a browser would be slow. */
const [listedAtFirst, listedAtMost] = [100, 2000];
/** Seconds by which an event that was jumped to may lie beside the time. */
const margin = 0.06;

interface EventsHooks {
  seek(time: number): void;
  isShown(track: number): boolean;
}

/** The spans of time in which a class was detected, as a list, with the way to the one before and the next. */
export class EventsList {
  readonly #list = byId("events");
  readonly #more = byId("all-events");
  readonly #hooks: EventsHooks;
  #summary: Summary | undefined;
  #events: DetectionEvent[] = [];
  #total = 0;
  #shown: DetectionEvent[] = [];
  #items: HTMLElement[] = [];
  #all = false;

  constructor(hooks: EventsHooks) {
    this.#hooks = hooks;
    this.#more.addEventListener("click", () => {
      this.#all = true;
      this.refresh();
    });
    byId("previous-event").addEventListener("click", () => this.previous());
    byId("next-event").addEventListener("click", () => this.next());
  }

  reset(): void {
    this.#all = false;
    this.show({ total: 0, events: [] }, undefined);
  }

  show({ total, events }: { total: number; events: DetectionEvent[] }, summary: Summary | undefined): void {
    this.#events = events;
    this.#total = total;
    this.#summary = summary;
    this.refresh();
  }

  /** Lists those whose rows are shown. */
  refresh(): void {
    const summary = this.#summary;
    const tracks = new Map<string, number>();
    for (const [track, { model, class: name }] of summary?.tracks.entries() ?? [])
      tracks.set(JSON.stringify([summary?.models[model], name]), track);
    const trackOf = (event: DetectionEvent) => tracks.get(JSON.stringify([event.model, event.class])) ?? -1;
    this.#shown = this.#events.filter((event) => this.#hooks.isShown(trackOf(event)));
    const listed = this.#shown.slice(0, this.#all ? listedAtMost : listedAtFirst);
    this.#items = listed.map((event) => this.#item(event, summary ? colourOf(summary, trackOf(event)) : ""));
    // Without a summary nobody knows yet.
    const none = summary ? [element("li", { className: "none" }, say("noEvents"))] : [];
    this.#list.replaceChildren(...(this.#items.length > 0 ? this.#items : none));
    const rest = this.#shown.length > listed.length;
    this.#more.hidden = !rest || this.#all;
    this.#more.textContent = say("allEvents", { count: grouped(this.#shown.length) });
    const cut = Math.max(this.#total, this.#shown.length);
    byId("events-cut").hidden = !(this.#all && rest) && this.#total <= this.#events.length;
    byId("events-cut").textContent = say("tooManyEvents", {
      count: grouped(listed.length),
      total: grouped(cut),
    });
  }

  #item({ class: name, start, end, most, confidence }: DetectionEvent, colour: string): HTMLElement {
    const times = end > start ? `${clock(start)}–${clock(end)}` : clock(start);
    const sure = confidence === null ? "" : `${Math.round(confidence * 100)}%`;
    const several = element("span", { className: "several" }, say("atOnce", { count: grouped(most) }));
    const button = element(
      "button",
      { type: "button" },
      swatch(colour),
      element("span", { className: "name", title: name }, name),
      element("span", { className: "sure" }, sure),
      element("span", { className: "when" }, times),
      ...(most > 1 ? [several] : []),
    );
    button.addEventListener("click", () => this.#hooks.seek(start));
    return element("li", {}, button);
  }

  /** Marks those that are going on. */
  set time(time: number) {
    for (const [at, item] of this.#items.entries()) {
      const { start, end } = this.#shown[at] as DetectionEvent;
      const isNow = time >= start - margin && time <= end + margin;
      if (item.classList.contains("now") !== isNow) item.classList.toggle("now", isNow);
    }
    this.#time = time;
  }
  #time = 0;

  previous(): void {
    const before = this.#shown.findLast(({ start }) => start < this.#time - margin);
    if (before) this.#hooks.seek(before.start);
  }

  next(): void {
    const after = this.#shown.find(({ start }) => start > this.#time + margin);
    if (after) this.#hooks.seek(after.start);
  }
}
