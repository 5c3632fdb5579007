/** A stretch of a clip in which a class was detected. Times in seconds of playback. */
export interface ClassEvent {
  className: string;
  start: number;
  end: number;
  /** The most of them in one frame. */
  most: number;
}

/** The detections of one frame, counted. */
export interface FrameCounts {
  /** Seconds of playback. */
  time: number;
  classes: Record<string, number>;
}

/** Seconds without a detection after which the next one begins another event. */
const gap = 1;

/** The events of each class, in the order in which they start. */
export function classEvents(frames: FrameCounts[]): ClassEvent[] {
  const events: ClassEvent[] = [];
  const latest = new Map<string, ClassEvent>();
  for (const { time, classes } of frames) {
    for (const [className, count] of Object.entries(classes)) {
      const current = latest.get(className);
      if (current && time - current.end <= gap) {
        current.end = time;
        current.most = Math.max(current.most, count);
      } else {
        const event = { className, start: time, end: time, most: count };
        latest.set(className, event);
        events.push(event);
      }
    }
  }
  return events;
}
