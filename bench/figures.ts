/** One thing that was measured. */
export interface Figure {
  /** A row of the table: what was done, and how much of it. */
  work: string;
  figure: string;
  value: number;
  unit: string;
  /** What it may be at most; without one it is there for comparison. */
  target?: number;
  /** What it was measured against, with that one's own value. */
  against?: string;
}

/** Peak memory at one size, for the chart. */
export interface Point {
  series: "upload" | "upload, core nodes" | "frames" | "frames, core nodes";
  /** MB of video or result. */
  size: number;
  /** MB over idle; none where it failed. */
  memory: number | undefined;
}

/** What a row hands back. */
export interface Findings {
  figures: Figure[];
  points?: Point[];
}

export const megabyte = 1e6;

export const isMet = ({ value, target }: Figure): boolean | undefined =>
  target === undefined ? undefined : value <= target;

export function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The median of one property of several samples. */
export const medianOf = <T>(samples: T[], property: (sample: T) => number): number =>
  median(samples.map(property));
