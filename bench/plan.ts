/** How much of everything is measured. */
export interface Plan {
  name: "short" | "long";
  /** Times that each measurement is made; the median counts. */
  rounds: number;
  /** Sizes of uploads, MB; the targets are for the largest. */
  videos: number[];
  /** MB of a real clip that is fetched, looked into, rewritten. */
  clip: number;
  buffer: number;
  /** Uploads at once, and the size of each. */
  parallel: { copies: number; size: number };
  /** Sizes of results, MB. */
  file: number;
  frames: number[];
  filtered: number;
  results: number[];
  /** What core nodes are given of the same. */
  core: { videos: number[]; frames: number[] };
  /** Jobs that wait, seconds between two polls of each, intervals watched. */
  waiting: { jobs: number; interval: number; intervals: number };
  journal: number;
  /** Messages in one turn of the event loop. */
  burst: number;
  /** Clips in a watched folder, and seconds for which it is watched. */
  folder: { files: number; seconds: number };
}

const gibibyte = 1073.741824;

export const shortPlan: Plan = {
  name: "short",
  rounds: 3,
  videos: [gibibyte],
  clip: gibibyte,
  buffer: 256,
  parallel: { copies: 8, size: gibibyte / 4 },
  file: 300,
  frames: [30, 100],
  filtered: 30,
  results: [1, 10],
  core: { videos: [gibibyte / 4], frames: [30] },
  waiting: { jobs: 2000, interval: 12, intervals: 3 },
  journal: 10_000,
  burst: 10_000,
  folder: { files: 10_000, seconds: 20 },
};

/** The sizes of the issue. */
export const longPlan: Plan = {
  name: "long",
  rounds: 3,
  videos: [gibibyte / 16, gibibyte / 4, gibibyte],
  clip: gibibyte,
  buffer: 256,
  parallel: { copies: 8, size: gibibyte },
  file: 700,
  frames: [100, 300, 700],
  filtered: 300,
  results: [1, 10, 100],
  core: { videos: [gibibyte / 16, gibibyte / 4, gibibyte], frames: [30, 100, 300, 700] },
  waiting: { jobs: 10_000, interval: 60, intervals: 4 },
  journal: 10_000,
  burst: 10_000,
  folder: { files: 10_000, seconds: 60 },
};
