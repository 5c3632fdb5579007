import { clock } from "./clock";
import { element } from "./dom";

/** What a strip of time tells the page, and asks of it. */
export interface StripHooks {
  /** Seconds of the whole strip. */
  length(): number;
  seek(time: number): void;
  /** Where a key leads; undefined for one that means nothing here. */
  step(key: string): number | undefined;
  /** The time that a click near one means. */
  snapped(time: number, reach: number): number;
  /** The pointer is over a time, or has left. */
  hovered(time: number | undefined): void;
}

/** Pixels within which a click means the nearest detection. */
const snapPixels = 8;

/** A strip of time: click and drag to jump, keys to step. */
export function makeStrip(name: string, hooks: StripHooks): HTMLElement {
  const strip = element("div", { className: "track", tabIndex: 0, role: "slider", ariaLabel: name });
  strip.setAttribute("aria-valuemin", "0");
  const timeAt = ({ clientX }: PointerEvent) => {
    const { left, width } = strip.getBoundingClientRect();
    return { time: Math.min(1, Math.max(0, (clientX - left) / width)) * hooks.length(), width };
  };
  const jump = (event: PointerEvent) => {
    const { time, width } = timeAt(event);
    hooks.seek(hooks.snapped(time, (snapPixels / width) * hooks.length()));
  };
  strip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    strip.setPointerCapture(event.pointerId);
    jump(event);
  });
  strip.addEventListener("pointermove", (event) => {
    hooks.hovered(timeAt(event).time);
    if (strip.hasPointerCapture(event.pointerId)) jump(event);
  });
  strip.addEventListener("pointerleave", () => hooks.hovered(undefined));
  strip.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const time = hooks.step(event.key);
    if (time === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    hooks.seek(time);
  });
  return strip;
}

/** Seconds between two ticks of the ruler. */
const rulers = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];

/** Writes times along a ruler, as many as it has room for. */
export function putTicks(ruler: HTMLElement, length: number): void {
  const room = Math.max(2, ruler.clientWidth / 60);
  const every = rulers.find((seconds) => length / seconds <= room) ?? 28_800;
  const ticks: HTMLElement[] = [];
  for (let time = 0; time <= length; time += every) {
    const tick = element("div", { className: "tick" }, element("span", {}, clock(time, every < 1)));
    tick.style.left = `${(time / length) * 100}%`;
    if (time > 0.94 * length) tick.classList.add("last");
    ticks.push(tick);
  }
  ruler.replaceChildren(...ticks);
}
