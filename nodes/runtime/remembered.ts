/**
 * How much of what is over is still remembered in memory; the oldest is forgotten first. An object, so that the soak can
 * have these memories full before it begins to measure: what grows after that has no bound.
 */
export const remembered = {
  /** Delivery tokens of one node: about 200 bytes each. */
  tokensPerNode: 10_000,
  /** Clips that may be played, more than any viewer keeps: about 100 bytes each. */
  clips: 10_000,
};
