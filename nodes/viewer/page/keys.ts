import type { EventsList } from "./events";
import type { Player } from "./player";

/** The page's keys. A field has keys of its own; a button, the space bar. */
export function listenToKeys(
  player: Player,
  { events, labels, isOpen }: { events: EventsList; labels: HTMLInputElement; isOpen(): boolean },
): void {
  const keys: Record<string, (event: KeyboardEvent) => void> = {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    ArrowLeft: ({ shiftKey }) => player.seek(player.time - (shiftKey ? 1 : 5)),
    ArrowRight: ({ shiftKey }) => player.seek(player.time + (shiftKey ? 1 : 5)),
    ",": () => player.step(-1),
    ".": () => player.step(1),
    Home: () => player.seek(0),
    End: () => player.seek(player.length),
    l: () => labels.click(),
    p: () => events.previous(),
    n: () => events.next(),
    f: () => player.toggleFullScreen(),
  };
  document.addEventListener("keydown", (event) => {
    const { key } = event;
    const target = event.target as Element;
    if (event.ctrlKey || event.altKey || event.metaKey || !isOpen()) return;
    if (target.closest("select, input[type=range], dialog")) return;
    if (key === " " && target.closest("button, input, summary, a")) return;
    const name = key.length === 1 ? key.toLowerCase() : key;
    if (!Object.hasOwn(keys, name)) return;
    event.preventDefault();
    keys[name]?.(event);
  });
}
