/** Something that happens once and can be waited for. */
export class Deferred {
  #reach: () => void = () => {};
  #isReached = false;
  readonly reached = new Promise<void>((resolve) => {
    this.#reach = resolve;
  });

  get isReached(): boolean {
    return this.#isReached;
  }

  reach(): void {
    this.#isReached = true;
    this.#reach();
  }
}
