import { onePerNodeRed } from "./one-per-node-red";

/** Clips whose results are on their way through a download node of this Node-RED, and how many times. */
export class ResultsUnderWay {
  readonly #clips = new Map<string, number>();

  /** @returns what is to be called once when the result of this clip has been passed on, or has failed. */
  begin(clip: string): () => void {
    this.#clips.set(clip, (this.#clips.get(clip) ?? 0) + 1);
    return () => {
      const others = (this.#clips.get(clip) ?? 1) - 1;
      if (others > 0) this.#clips.set(clip, others);
      else this.#clips.delete(clip);
    };
  }

  has(clip: string): boolean {
    return this.#clips.has(clip);
  }
}

/**
 * The results under way in this Node-RED. A download node that sends one message per frame says nothing when there is
 * none, so a viewer cannot know by messages alone whether more will come.
 */
export const resultsUnderWay = onePerNodeRed(() => new ResultsUnderWay());
