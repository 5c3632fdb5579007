/** Modules whose mistakes cost money or lose work, and the tests that are to notice a change of them. */
export const plan: Record<string, { files: string[]; tests: string[] }> = {
  retry: {
    files: ["roboflow/http/retry.ts", "roboflow/http/retry-after.ts", "roboflow/http/never-connected.ts"],
    tests: [
      "roboflow/http/retry.test.ts",
      "roboflow/http/retry-after.test.ts",
      "roboflow/http/never-connected.test.ts",
    ],
  },
  polling: {
    files: [
      "roboflow/polling/rate-limiter.ts",
      "roboflow/polling/schedule.ts",
      "roboflow/polling/watch.ts",
      "roboflow/polling/deadline.ts",
      "roboflow/polling/refusals.ts",
      "roboflow/polling/renewed-link.ts",
    ],
    tests: [
      "roboflow/polling/rate-limiter.test.ts",
      "roboflow/polling/deadline.test.ts",
      "roboflow/polling/schedule.test.ts",
      "roboflow/polling/renewed-link.test.ts",
      "roboflow/polling/watch.test.ts",
    ],
  },
  rate: { files: ["start/frames.ts"], tests: ["start/frames.test.ts"] },
  fetching: {
    files: ["roboflow/result/file-sink.ts", "roboflow/result/fetch.ts"],
    tests: ["roboflow/result/file-sink.test.ts", "roboflow/result/save-and-open.test.ts"],
  },
  reader: {
    files: [
      "roboflow/result/scan/scan.ts",
      "roboflow/result/scan/top-level.ts",
      "roboflow/result/scan/columns.ts",
      "roboflow/result/scan/entry-counter.ts",
      "roboflow/result/scan/class-names.ts",
      "roboflow/result/scan/long-token.ts",
      "roboflow/result/scan/scan-file.ts",
      "roboflow/result/read/layout.ts",
      "roboflow/result/read/range-reader.ts",
      "roboflow/result/read/json-text.ts",
      "roboflow/result/read/rows.ts",
      "roboflow/result/read/value.ts",
      "roboflow/result/read/read-at.ts",
      "roboflow/result/entries.ts",
      "roboflow/result/damage.ts",
      "roboflow/result/open.ts",
      "roboflow/result/safe-keys.ts",
    ],
    // From quick to slow: most mistakes are noticed by the first.
    tests: [
      "roboflow/result/scan.test.ts",
      "roboflow/result/result.test.ts",
      "roboflow/result/oracle.test.ts",
      "roboflow/result/damage.test.ts",
      "roboflow/result/hostile.test.ts",
    ],
  },
  frames: {
    files: [
      "roboflow/result/outputs/filter.ts",
      "roboflow/result/outputs/frames.ts",
      "roboflow/result/outputs/tables.ts",
    ],
    tests: [
      "roboflow/result/tables.test.ts",
      "roboflow/result/result.test.ts",
      "roboflow/result/oracle.test.ts",
    ],
  },
  events: {
    files: [
      "roboflow/result/outputs/sighting-collector.ts",
      "roboflow/result/outputs/sightings.ts",
      "roboflow/result/outputs/events.ts",
      "roboflow/result/outputs/event-store.ts",
      "roboflow/result/outputs/sort-in-slices.ts",
    ],
    tests: [
      "roboflow/result/sort-in-slices.test.ts",
      "roboflow/result/tables.test.ts",
      "roboflow/result/events.test.ts",
    ],
  },
  folder: {
    files: ["folder/watcher.ts", "folder/memory.ts", "folder/scan.ts", "folder/tidy.ts"],
    tests: ["folder/watcher.test.ts", "folder/looks.test.ts", "folder/memory.test.ts", "folder/tidy.test.ts"],
  },
  clock: { files: ["runtime/journal/clock.ts"], tests: ["runtime/journal/clock.test.ts"] },
  crashes: { files: ["runtime/journal/crash-guard.ts"], tests: ["runtime/journal/crash-guard.test.ts"] },
  repeats: { files: ["runtime/journal/deduplicator.ts"], tests: ["runtime/journal/deduplicator.test.ts"] },
  codec: { files: ["runtime/journal/codec.ts"], tests: ["runtime/journal/codec.test.ts"] },
  journal: {
    files: [
      "runtime/journal/journal.ts",
      "runtime/journal/linger.ts",
      "runtime/journal/entry.ts",
      "runtime/journal/files.ts",
      "runtime/journal/disk.ts",
    ],
    tests: [
      "runtime/journal/keeping.test.ts",
      "runtime/journal/files.test.ts",
      "runtime/journal/linger.test.ts",
      "runtime/journal/journal.test.ts",
    ],
  },
  runner: {
    files: [
      "runtime/runner/runner.ts",
      "runtime/runner/lifecycle.ts",
      "runtime/runner/take-up.ts",
      "runtime/runner/running.ts",
      "runtime/runner/journal-warnings.ts",
      "runtime/runner/deploy.ts",
      "runtime/runner/deferred.ts",
    ],
    tests: ["runtime/runner/outcomes.test.ts", "runtime/runner/runner.test.ts"],
  },
  after: {
    files: ["runtime/runner/nodes-after.ts"],
    tests: ["../nodes/earlier-status.test.ts", "runtime/runner/runner.test.ts"],
  },
  intake: { files: ["runtime/runner/intake.ts", "event-loop.ts"], tests: ["event-loop.test.ts"] },
  limit: { files: ["runtime/daily-limit.ts"], tests: ["runtime/daily-limit.test.ts"] },
  status: {
    files: ["runtime/status.ts", "runtime/results-under-way.ts"],
    tests: ["runtime/status.test.ts", "runtime/results-under-way.test.ts"],
  },
};
