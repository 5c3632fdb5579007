/**
 * The times of the journal and of what runs with it, in milliseconds. README.md says why, and what must hold
 * between them; test/unit/runtime/journal/times.test.ts checks that.
 */
export const times = {
  /** An entry stays this long after its outcome was sent, counted while flows run. */
  linger: 1000,
  /** The entry of a message that came from one of our nodes: longer than its sender's, which may be sent again. */
  lingerOfReceiver: 2000,
  /** Lingering is counted in steps of this length: a step counts once, however long the event loop was blocked. */
  lingerStep: 100,
  /** An entry on which the last process may have ended is taken up this long after flows have started. */
  suspectWaits: 5000,
  /** The next such entry is taken up this much later, by itself. */
  suspectsApart: 100,
  /** What belongs to a node that is not in the flows is kept this long: an upload lives for 7 days (docs/api.md). */
  orphansKept: 8 * 24 * 3_600_000,
};
