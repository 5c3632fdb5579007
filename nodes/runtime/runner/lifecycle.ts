import type { Node, NodeAPI } from "node-red";
import { withoutSecrets } from "../../roboflow";
import { CrashGuard } from "../journal/crash-guard";
import { type JournalEntry, jobOf } from "../journal/entry";
import { Journal } from "../journal/journal";
import { removeLeftovers } from "../leftovers";
import { onePerNodeRed } from "../one-per-node-red";
import { type TextValues, text, type WarningKey } from "../text";
import { Deferred } from "./deferred";
import { type Deploy, mayLose } from "./deploy";
import { intake } from "./intake";
import { nodesAfter } from "./nodes-after";

/** A running flow node, as its process's life concerns it. */
export interface Resumable {
  readonly node: Node;
  /** Takes up what the journal holds for this node. */
  resume(): void;
  /** Its status is of an earlier clip: another one is on its way. */
  showAsEarlier(): void;
}

/** Jobs named in one line of the log. */
const jobsALine = 15;

/**
 * The part of Node-RED's life that no single node sees: deploys, and the first start after a kill.
 * There is one for each journal, since a process has one journal however many nodes it runs.
 */
export class Lifecycle {
  readonly journal: Journal;
  readonly guard: CrashGuard;
  readonly #RED: NodeAPI;
  readonly #running = new Map<string, Resumable>();
  /** From a stop to the next start: nodes that keep running, and that have lost nothing of what they sent. */
  #untouched: Set<string> | undefined;
  #loaded: Promise<void> | undefined;
  #restart: Deferred | undefined;

  constructor(RED: NodeAPI, root: string) {
    this.#RED = RED;
    this.journal = new Journal(root, { isTakingIn: () => intake.isWaiting });
    this.guard = new CrashGuard(root);
    removeLeftovers(RED);
    RED.events.on("flows:stopping", (deploy?: Deploy) => this.#flowsStop(deploy));
    RED.events.on("flows:started", () => this.#flowsRun());
    RED.events.on("runtime-event", (event?: RuntimeEvent) => {
      if (event?.id === "runtime-state" && event.payload?.error) this.#flowsRunPartly();
    });
  }

  /** Resolves when no deploy is under way: what is sent during one may reach a node that is gone. */
  async flowsRunning(): Promise<void> {
    while (this.#restart) await this.#restart.reached;
  }

  get isRestarting(): boolean {
    return this.#restart !== undefined;
  }

  join(member: Resumable): void {
    this.#running.set(member.node.id, member);
  }

  leave(member: Resumable): void {
    const { id } = member.node;
    if (this.#running.get(id) === member) this.#running.delete(id);
    this.#untouched?.delete(id);
    if (this.#running.size === 0) this.guard.close();
  }

  /** A clip comes in at a node: what the nodes after it show is of an earlier one, until it reaches them. */
  clipComesIn({ id }: Node): void {
    for (const after of nodesAfter(this.#RED, id)) this.#running.get(after)?.showAsEarlier();
  }

  #flowsStop(deploy: Deploy | undefined): void {
    this.#restart ??= new Deferred();
    this.journal.flowsStop();
    const mayHaveLost = mayLose(this.#RED, deploy);
    const untouched = [...this.#running.values()].filter(({ node }) => !mayHaveLost(node));
    // Where the last start did not succeed, what it has lost is still lost.
    const before = this.#untouched;
    this.#untouched = new Set(untouched.map(({ node }) => node.id).filter((id) => before?.has(id) ?? true));
  }

  #flowsRun(): void {
    const untouched = this.#untouched;
    this.#untouched = undefined;
    this.journal.flowsRun((node) => untouched?.has(node) === false);
    this.#endRestart();
    this.#takeUp().catch((error) => this.#RED.log.error(withoutSecrets(String(error))));
  }

  /** A missing type or module keeps flows from starting: the nodes that the deploy has left running go on all the same. */
  #flowsRunPartly(): void {
    if (!this.#restart) return;
    this.journal.flowsRunPartly((node) => this.#untouched?.has(node) === false);
    this.#endRestart();
  }

  #endRestart(): void {
    this.#restart?.reach();
    this.#restart = undefined;
  }

  /** Every entry is read before the first is taken up, so that each node knows which repeats it has had. */
  async #takeUp(): Promise<void> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    this.#keepOrphans();
    for (const member of [...this.#running.values()]) member.resume();
  }

  async #load(): Promise<void> {
    for (const { node, file, job = "–" } of await this.journal.load())
      this.#warn(node, "damagedEntry", { file, job });
    for (const id of this.guard.condemned) {
      const { entry, file } = this.journal.setAside(id) ?? {};
      if (entry && file) this.#warn(entry.node, "entryCrashed", { file, job: jobOf(entry) ?? "–" });
    }
    this.guard.forgetCondemned();
  }

  /** Names what nodes have left that are not in the configuration: it goes on if they come back. */
  #keepOrphans(): void {
    const configured = this.#configuredIds();
    // A flow file that could not be read looks like this; nobody keeps an empty one.
    if (configured.size === 0) return;
    for (const node of this.journal.nodes()) {
      if (exists(node, configured)) {
        this.journal.adopt(node);
        continue;
      }
      const { kept, old, lost } = this.journal.keepOrphans(node);
      this.#warnOf(kept, "entriesKept", node);
      this.#warnOf(old, "entriesOld", node);
      this.#warnOf(lost, "entriesLost", node);
    }
  }

  /** Names entries by their jobs, a line for each few: a warning has a length that it is cut to. */
  #warnOf(entries: JournalEntry[], key: WarningKey, node: string): void {
    for (let begun = 0; begun < entries.length; begun += jobsALine) {
      const some = entries.slice(begun, begun + jobsALine);
      const jobs = some.map(jobOf).filter((job) => job !== undefined);
      this.#warn(node, key, { node, count: some.length, jobs: jobs.join(", ") || "–" });
    }
  }

  /** Warns in a node's name, or in nobody's when it does not run. */
  #warn(node: string, key: WarningKey, values: TextValues): void {
    const message = text(this.#RED, `warnings.${key}`, values);
    const running = this.#running.get(node)?.node;
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

/** What Node-RED tells the editor about its state. */
interface RuntimeEvent {
  id?: string;
  payload?: { error?: string };
}

/** A node inside a subflow instance is called `instance-node`, the instance itself may be inside another. */
function exists(id: string, configured: Set<string>): boolean {
  if (configured.has(id)) return true;
  for (let at = id.indexOf("-"); at > 0; at = id.indexOf("-", at + 1))
    if (configured.has(id.slice(0, at)) && exists(id.slice(at + 1), configured)) return true;
  return false;
}

/** The life of this Node-RED; made with its first node. */
export const lifecycleOf = onePerNodeRed((RED, root) => new Lifecycle(RED, root));
