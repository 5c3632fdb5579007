import type { NodeAPI } from "node-red";
import { withoutSecrets } from "../../roboflow";
import { type JournalEntry, jobOf } from "../journal/entry";
import { Journal } from "../journal/journal";
import { removeLeftovers } from "../leftovers";
import { storageFolder } from "../paths";
import { type TextValues, text, type WarningKey } from "../text";

/** A running flow node, as its process's life concerns it. */
export interface Resumable {
  readonly id: string;
  /** Takes up what the journal holds for this node. */
  resume(): void;
  warn(message: string): void;
}

/**
 * The part of Node-RED's life that no single node sees: deploys, and the first start after a kill.
 * There is one for each journal, since a process has one journal however many nodes it runs.
 */
export class Lifecycle {
  readonly journal: Journal;
  readonly #RED: NodeAPI;
  readonly #running = new Map<string, Resumable>();
  #loaded: Promise<void> | undefined;
  #restarting: Promise<void> | undefined;
  #restarted: () => void = () => {};

  constructor(RED: NodeAPI, root: string) {
    this.#RED = RED;
    this.journal = new Journal(root);
    removeLeftovers(RED);
    RED.events.on("flows:stopping", () => this.#hold());
    RED.events.on("flows:started", () => {
      this.#release();
      this.#takeUp().catch((error) => RED.log.error(withoutSecrets(String(error))));
    });
  }

  /** Resolves when no deploy is under way: what is sent during one may reach a node that is gone. */
  async flowsRunning(): Promise<void> {
    while (this.#restarting) await this.#restarting;
  }

  get isRestarting(): boolean {
    return this.#restarting !== undefined;
  }

  join(node: Resumable): void {
    this.#running.set(node.id, node);
  }

  leave(node: Resumable): void {
    if (this.#running.get(node.id) === node) this.#running.delete(node.id);
    // Nobody is left to whom something could be on its way.
    if (this.#running.size === 0) this.journal.endLinger();
  }

  #hold(): void {
    this.#restarting ??= new Promise((resolve) => {
      this.#restarted = resolve;
    });
  }

  #release(): void {
    this.#restarting = undefined;
    this.#restarted();
  }

  /** Every entry is read before the first is taken up, so that each node knows which repeats it has had. */
  async #takeUp(): Promise<void> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    this.#dropOrphans();
    for (const node of [...this.#running.values()]) node.resume();
  }

  async #load(): Promise<void> {
    for (const { node, file } of await this.journal.load()) this.#warn(node, "damagedEntry", { file });
  }

  /** Drops what nodes have left that are no longer in the configuration. */
  #dropOrphans(): void {
    const configured = this.#configuredIds();
    // A flow file that could not be read looks like this; nobody keeps an empty one.
    if (configured.size === 0) return;
    for (const node of this.journal.nodes()) {
      if (exists(node, configured)) continue;
      const entries = this.journal.unsettled(node);
      for (const entry of entries) this.journal.remove(entry);
      if (entries.length > 0) this.#warn(node, "nodeGone", { node, ...counted(entries) });
    }
  }

  /** Warns in a node's name, or in nobody's when it does not run. */
  #warn(node: string, key: WarningKey, values: TextValues): void {
    const message = text(this.#RED, `warnings.${key}`, values);
    const running = this.#running.get(node);
    if (running) running.warn(message);
    else this.#RED.log.warn(message);
  }

  #configuredIds(): Set<string> {
    const ids = new Set<string>();
    this.#RED.nodes.eachNode(({ id }) => {
      ids.add(id);
    });
    return ids;
  }
}

function counted(entries: JournalEntry[]): { count: number; jobs: string } {
  const jobs = entries.map(jobOf).filter((job) => job !== undefined);
  return { count: entries.length, jobs: jobs.length > 0 ? jobs.join(", ") : "–" };
}

/** A node inside a subflow instance is called `instance-node`, the instance itself may be inside another. */
function exists(id: string, configured: Set<string>): boolean {
  if (configured.has(id)) return true;
  for (let at = id.indexOf("-"); at > 0; at = id.indexOf("-", at + 1))
    if (configured.has(id.slice(0, at)) && exists(id.slice(at + 1), configured)) return true;
  return false;
}

const lifecycles = new WeakMap<object, Map<string, Lifecycle>>();

/** The life of this Node-RED; made with its first node. */
export function lifecycleOf(RED: NodeAPI): Lifecycle {
  const root = storageFolder(RED);
  const known = lifecycles.get(RED.events) ?? new Map<string, Lifecycle>();
  lifecycles.set(RED.events, known);
  const lifecycle = known.get(root) ?? new Lifecycle(RED, root);
  known.set(root, lifecycle);
  return lifecycle;
}
