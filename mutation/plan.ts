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
    files: ["roboflow/polling/rate-limiter.ts", "roboflow/polling/schedule.ts", "roboflow/polling/watch.ts"],
    tests: ["roboflow/polling/rate-limiter.test.ts", "roboflow/polling/watch.test.ts"],
  },
  events: {
    files: ["roboflow/result/outputs/sighting-collector.ts", "roboflow/result/outputs/sightings.ts"],
    tests: ["roboflow/result/events.test.ts"],
  },
  reader: {
    files: [
      "roboflow/result/scan/scan.ts",
      "roboflow/result/scan/top-level.ts",
      "roboflow/result/scan/columns.ts",
    ],
    tests: ["roboflow/result/scan.test.ts", "roboflow/result/result.test.ts"],
  },
  folder: {
    files: ["folder/watcher.ts", "folder/memory.ts", "folder/scan.ts", "folder/tidy.ts"],
    tests: ["folder/watcher.test.ts", "folder/tidy.test.ts"],
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
    tests: ["runtime/journal/journal.test.ts"],
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
    tests: ["runtime/runner/runner.test.ts"],
  },
  after: {
    files: ["runtime/runner/nodes-after.ts"],
    tests: ["../nodes/earlier-status.test.ts", "runtime/runner/runner.test.ts"],
  },
  intake: { files: ["runtime/runner/intake.ts", "event-loop.ts"], tests: ["event-loop.test.ts"] },
  limit: { files: ["runtime/daily-limit.ts"], tests: ["runtime/daily-limit.test.ts"] },
  status: {
    files: ["runtime/status.ts", "runtime/downloads.ts"],
    tests: ["runtime/status.test.ts", "runtime/downloads.test.ts"],
  },
};
