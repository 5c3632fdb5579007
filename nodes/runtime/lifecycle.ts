import { rmSync } from "node:fs";
import type { NodeAPI } from "node-red";
import { Journal, type JournalEntry, jobOf } from "./journal";
import { spoolFolder, storageFolder } from "./paths";
import { text } from "./text";

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
  #restarting: Promise<void> | undefined;
  #restarted: () => void = () => {};

  constructor(RED: NodeAPI, root: string) {
    this.#RED = RED;
    this.journal = new Journal(root);
    // What a killed process was in the middle of downloading begins anew.
    rmSync(spoolFolder(RED), { recursive: true, force: true });
    RED.events.on("flows:stopping", () => this.#hold());
    RED.events.on("flows:started", () => {
      this.#release();
      this.#takeUp().catch((error) => RED.log.error(String(error)));
    });
  }

  /** Resolves when no deploy is under way: what is sent during one may reach a node that is gone. */
  async steady(): Promise<void> {
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

  /** Every node's entries are read before the first is taken up, so that each knows which repeats it has had. */
  async #takeUp(): Promise<void> {
    const configured = this.#configuredIds();
    for (const id of await this.journal.nodes()) {
      if (!exists(id, configured)) await this.#drop(id);
    }
    const running = [...this.#running.values()];
    await Promise.all(running.map((node) => this.#load(node)));
    for (const node of running) if (this.#running.get(node.id) === node) node.resume();
  }

  async #load(node: Resumable): Promise<void> {
    const { damaged, old } = await this.journal.load(node.id);
    for (const file of damaged) node.warn(text(this.#RED, "warnings.damagedEntry", { file }));
    if (old.length > 0) node.warn(text(this.#RED, "warnings.oldEntries", counted(old)));
  }

  /** What a node left that is no longer in the configuration. */
  async #drop(node: string): Promise<void> {
    await this.journal.load(node);
    const entries = this.journal.unsettled(node);
    for (const entry of entries) this.journal.remove(entry);
    this.journal.tidy(node);
    if (entries.length > 0)
      this.#RED.log.warn(text(this.#RED, "warnings.nodeGone", { node, ...counted(entries) }));
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
