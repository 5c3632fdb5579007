import type { Node, NodeAPI, NodeStatus } from "node-red";
import { shorten } from "../roboflow/shorten";
import { catalogueKey, type StatusKey, takesValues, text } from "./text";

/**
 * Numbers, and moments as the clock on the wall shows them: the editor looks every status up as if it were a key, so no
 * foreign text may stand in one.
 */
export type StatusValues = Record<string, number | Date>;

/** What one message in hand is doing, as the status shows it. */
export interface Progress {
  key: StatusKey;
  values?: StatusValues;
  /** Waiting for trouble to pass: a yellow ring. */
  trouble?: boolean;
}

/** The key of what waits for others to be through. */
export const queued: StatusKey = "waitingTurn";

/** Milliseconds between two updates for mere progress. */
const updateEvery = 500;
/** Characters that fit under a node. */
const longest = 23;

type Look = Pick<NodeStatus, "fill" | "shape">;
const looks = {
  working: { fill: "blue", shape: "dot" },
  trouble: { fill: "yellow", shape: "ring" },
  done: { fill: "green", shape: "dot" },
  failed: { fill: "red", shape: "ring" },
  /** Of how an earlier clip ended; the shape stays. */
  earlier: { fill: "grey" },
} satisfies Record<string, Look>;

/**
 * The one line under a node, made of all the messages it has in hand: the step of a single one, a count of
 * several, how the last one ended when there is none.
 */
export class StatusLine {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #progress = new Map<string, Progress>();
  #last: NodeStatus = {};
  /** Whether that is how a message ended, not what is wrong with the node. */
  #lastIsOutcome = false;
  #standing: StatusKey | undefined;
  #shown = "";
  #shownAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED;
    this.#node = node;
  }

  /** Shows what a message is doing. Throttled: there may be hundreds a second. */
  working(id: string, progress: Progress): void {
    const isNew = this.#progress.get(id)?.key !== progress.key;
    this.#progress.set(id, progress);
    this.#update(isNew && this.#progress.size === 1);
  }

  /** A message has ended: well, in an error, or, without an outcome, dropped. */
  ended(id: string, outcome?: { done: StatusKey; values?: StatusValues } | { failed: StatusKey }): void {
    this.#progress.delete(id);
    this.#lastIsOutcome = outcome !== undefined;
    if (!outcome) this.#last = {};
    else if ("failed" in outcome) this.#last = this.#status(looks.failed, outcome.failed);
    else this.#last = this.#status(looks.done, outcome.done, outcome.values);
    this.#update(this.#progress.size === 0);
  }

  /** Another clip is on its way here: how the last one ended is shown in grey until then, as not to be taken for its end. */
  showAsEarlier(): void {
    if (this.#progress.size > 0 || !this.#lastIsOutcome) return;
    this.#last = { ...this.#last, ...looks.earlier };
    this.#update(true);
  }

  /** Something is wrong with the configuration: shown until a message ends. */
  broken(key: StatusKey): void {
    this.#lastIsOutcome = false;
    this.#last = this.#status(looks.failed, key);
    this.#update(true);
  }

  /** Trouble that does not stop the work. */
  warning(key: StatusKey): void {
    this.#lastIsOutcome = false;
    this.#last = this.#status(looks.trouble, key);
    this.#update(true);
  }

  /** Trouble that stands until it is taken back, beside whatever is in hand. */
  standing(key: StatusKey | undefined): void {
    if (key === this.#standing) return;
    this.#standing = key;
    this.#update(true);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#progress.clear();
  }

  #update(now: boolean): void {
    const wait = now ? 0 : this.#shownAt + updateEvery - performance.now();
    if (wait <= 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#show();
    } else this.#timer ??= setTimeout(() => this.#update(true), wait);
  }

  #show(): void {
    this.#shownAt = performance.now();
    const status = this.#current();
    const shown = JSON.stringify(status);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#node.status(status);
  }

  #current(): NodeStatus {
    const [first] = this.#progress.values();
    if (this.#standing) return this.#status(looks.trouble, this.#standing);
    if (!first) return this.#last;
    if (this.#progress.size === 1) return this.#status(lookOf(first), first.key, first.values);
    const all = this.#progress.size;
    let trouble = false;
    let running = 0;
    for (const progress of this.#progress.values()) {
      trouble ||= progress.trouble === true;
      if (progress.key !== queued) running += 1;
    }
    const look = lookOf({ trouble });
    return running < all
      ? this.#status(look, "someOf", { running, all })
      : this.#status(look, "several", { count: all });
  }

  /** The editor puts a bare key into the browser's language; one that takes values is filled here, in the server's. */
  #status(look: Look, key: StatusKey, values?: StatusValues): NodeStatus {
    const full = `status.${key}` as const;
    const words = takesValues(full)
      ? shorten(text(this.#RED, full, shownValues(values)), longest)
      : catalogueKey(full);
    return { ...look, text: words };
  }
}

const lookOf = ({ trouble }: Pick<Progress, "trouble">): Look => (trouble ? looks.trouble : looks.working);

const shownValues = (values: StatusValues = {}): Record<string, number | string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "number" ? value : clockTime(value),
    ]),
  );

/** `14:05`, as short in every language. */
const clockTime = (time: Date): string =>
  [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
