import type { Node, NodeAPI } from "node-red";
import { VideoError } from "../../roboflow";
import type { StatusLine } from "../status";
import { text } from "../text";

/** What a node says of a journal that does not hold what it should; not with every message. */
export class JournalWarnings {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #status: StatusLine;
  readonly #describe: (error: VideoError) => { message: string };
  #isOff = false;
  #warnedOfMissing = false;

  /** @param describe an error as the node tells it. */
  constructor(
    RED: NodeAPI,
    node: Node,
    status: StatusLine,
    describe: (error: VideoError) => { message: string },
  ) {
    this.#RED = RED;
    this.#node = node;
    this.#status = status;
    this.#describe = describe;
  }

  /** Names values, once, that a restart would take out of messages: there may be some in every message. */
  noteMissing(missing: readonly string[]): void {
    if (missing.length === 0 || this.#warnedOfMissing) return;
    this.#warnedOfMissing = true;
    this.#node.warn(text(this.#RED, "warnings.notWritten", { values: missing.join(", ") }));
  }

  /**
   * Notes whether the journal can be written, and warns when it cannot be any more.
   *
   * @param trouble the file system's error.
   */
  noteStorage(trouble: unknown): void {
    if (trouble && !this.#isOff) {
      this.#node.warn(this.#describe(new VideoError("STORAGE", "journalOff", { cause: trouble })).message);
      this.#status.warning("journalOff");
    }
    this.#isOff = trouble !== undefined;
  }

  /** Shows it under the node again, where something else has been shown meanwhile. */
  show(): void {
    if (this.#isOff) this.#status.warning("journalOff");
  }
}
