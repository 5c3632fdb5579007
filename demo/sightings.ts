/** A class seen from one second of a clip to another. */
export interface Sighting {
  className: string;
  from: number;
  to: number;
  /** The most of them in one frame. */
  most: number;
}

export interface SeenFrame {
  /** Seconds of playback. */
  time: number;
  classes: Record<string, number>;
}

/** Seconds for which a class may be out of sight before its next appearance counts as another one. */
const patience = 1;

/** When each class was seen, in the order of first appearance. */
export function sightings(frames: SeenFrame[]): Sighting[] {
  const all: Sighting[] = [];
  const last = new Map<string, Sighting>();
  for (const { time, classes } of frames) {
    for (const [className, count] of Object.entries(classes)) {
      const before = last.get(className);
      if (before && time - before.to <= patience) {
        before.to = time;
        before.most = Math.max(before.most, count);
      } else {
        const sighting = { className, from: time, to: time, most: count };
        last.set(className, sighting);
        all.push(sighting);
      }
    }
  }
  return all;
}
