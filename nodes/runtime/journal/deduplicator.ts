import type { Handover } from "../message";
import { remembered } from "../remembered";

/** How often a node has taken the message with one token. */
interface Taken {
  count: number;
  /** How many of them were repeats that may have overtaken the original. */
  overtaken: number;
  /** How many messages each repeated delivery has brought, by its id. */
  deliveries?: Map<string, number>;
}

/**
 * Recognises the messages that a node has had before, by the token of their sender. A sender delivers its message
 * once, and once more after each deploy or restart that may have lost it; each delivery brings as many messages as
 * there are ways from the sender to the node. A repeated delivery is taken only as far as it brings more than the
 * node has taken before: what came by one way is dropped, what was lost on another is not.
 */
export class Deduplicator {
  readonly #nodes = new Map<string, Map<string, Taken>>();

  /**
   * Counts a message.
   *
   * @param mayRepeat whether its sender may still repeat it: then an original may have been overtaken by its repeat.
   *   Without that, who sends the same message again does it on purpose.
   * @returns whether the node has had it before.
   */
  isDuplicate(node: string, { token, repeat, delivery = "" }: Handover, mayRepeat: () => boolean): boolean {
    const taken = this.#of(node, token);
    if (!repeat) {
      if (taken.overtaken > 0 && mayRepeat()) {
        taken.overtaken -= 1;
        return true;
      }
      taken.count += 1;
      return false;
    }
    taken.deliveries ??= new Map();
    const brought = (taken.deliveries.get(delivery) ?? 0) + 1;
    taken.deliveries.set(delivery, brought);
    if (brought <= taken.count) return true;
    taken.count += 1;
    taken.overtaken += 1;
    return false;
  }

  /** Notes a message that the node has taken in an earlier process. */
  note(node: string, token: string): void {
    this.#of(node, token).count += 1;
  }

  #of(node: string, token: string): Taken {
    const tokens = this.#nodes.get(node) ?? new Map<string, Taken>();
    const taken = tokens.get(token) ?? { count: 0, overtaken: 0 };
    this.#nodes.set(node, tokens.set(token, taken));
    const [oldest = ""] = tokens.keys();
    if (tokens.size > remembered.tokensPerNode) tokens.delete(oldest);
    return taken;
  }
}
