/** Tells the answer to the latest of several questions from those that come late. */
export class Latest {
  #asked = 0;

  /** A question is asked now. @returns whether none has been asked since */
  ask(): () => boolean {
    this.#asked += 1;
    const own = this.#asked;
    return () => own === this.#asked;
  }
}
