import { EventEmitter } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Node, NodeAPI, NodeStatus } from "node-red";
import type { ClipMessage } from "../../../../nodes/runtime/message";
import type { Deploy } from "../../../../nodes/runtime/runner/deploy";
import { Runner } from "../../../../nodes/runtime/runner/runner";
import type { Outcome, Step, Task } from "../../../../nodes/runtime/runner/step";
import { shownStatus } from "../../../support/locales";
import { until } from "../../../support/node-red";

/** As much of a Node-RED as a runner sees, alive until it is left to itself like a killed process. */
export class FakeNodeRed {
  readonly events = new EventEmitter();
  readonly warnings: string[] = [];
  readonly #nodes: FakeNode[] = [];
  configured: string[] = [];
  /** Nodes of others in the configuration. */
  others: { id: string; type: string; z?: string }[] = [];
  /** Where wires lead, by the node that they come from. */
  wires: Record<string, string[][]> = {};
  readonly RED: NodeAPI;

  constructor(userDir: string) {
    this.RED = this.#made(userDir);
  }

  #made(userDir: string): NodeAPI {
    return {
      events: this.events,
      settings: { userDir },
      util: { cloneMessage: structuredClone },
      log: { warn: (text: string) => this.warnings.push(text), error: () => {} },
      nodes: {
        eachNode: (visit: (node: { id: string }) => void) => {
          for (const id of this.configured) visit({ id });
          for (const other of this.others) visit(other);
        },
        getNode: (id: string) => (this.wires[id] ? { wires: this.wires[id] } : null),
      },
      _: (key: string) => key,
    } as unknown as NodeAPI;
  }

  node(id: string, work: Step["work"], more: Partial<Step> = {}): FakeNode {
    if (!this.configured.includes(id)) this.configured.push(id);
    const node = new FakeNode(this.RED, id, { name: "upload", account: "", resume: true, work, ...more });
    this.#nodes.push(node);
    return node;
  }

  async started(): Promise<void> {
    this.events.emit("flows:started");
    await delay(30);
    for (const { runner } of this.#nodes) await runner.takenIn();
  }

  /** A deploy that closes these nodes, all of them by default, up to where the next ones are made. */
  async stopped(deploy: Deploy = { type: "full" }, nodes: FakeNode[] = []): Promise<void> {
    this.events.emit("flows:stopping", deploy);
    await Promise.all(nodes.map((node) => node.close()));
    this.events.emit("flows:stopped", deploy);
  }
}

export class FakeNode {
  readonly received: ClipMessage[] = [];
  readonly sent: ClipMessage[] = [];
  readonly done: (string | undefined)[] = [];
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly statuses: NodeStatus[] = [];
  readonly runner: Runner;
  /** Lets other nodes' hooks have their say before a message is delivered. */
  hooksTake: number | undefined;
  hookClones = false;
  failOnSend = false;
  failOnDone = false;
  /** The errors that Catch would get, with what became of their messages. */
  readonly failures: { error: { code: string; message: string }; msg: ClipMessage }[] = [];
  #input: (...args: unknown[]) => void = () => {};
  #close: (done: () => void) => void = () => {};

  constructor(RED: NodeAPI, id: string, step: Step) {
    const node = {
      id,
      z: "tab",
      on: (event: "input" | "close", listener: never) => {
        if (event === "input") this.#input = listener;
        else this.#close = listener;
      },
      receive: (msg: ClipMessage) =>
        this.hooksTake === undefined
          ? this.receive(msg)
          : setTimeout(() => this.receive(msg), this.hooksTake),
      warn: (text: string) => this.warnings.push(text),
      error: (text: string) => this.errors.push(text),
      status: (status: NodeStatus) => this.statuses.push(shownStatus(status)),
    };
    this.runner = new Runner(RED, node as unknown as Node, step);
  }

  receive(arrived: ClipMessage): void {
    const msg = this.hookClones ? structuredClone(arrived) : arrived;
    this.received.push(msg);
    const send = (sent: ClipMessage) => {
      if (this.failOnSend) throw new Error("a node downstream broke");
      this.sent.push(structuredClone(sent));
    };
    this.#input(msg, send, (error?: { code: string }) => {
      if (this.failOnDone) throw new Error("a Catch node broke");
      this.done.push(error?.code);
      if (error) this.failures.push({ error: error as never, msg });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#close(resolve));
  }
}

export const clip = (id: string, handover?: { token: string; repeat?: boolean }) =>
  ({ _msgid: id, payload: id, roboflow: { id, ...(handover ? { handover } : {}) } }) as ClipMessage;
/** A process that is killed while it works on a message is suspicious of it; these are killed from outside. */
export const whenIdle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
export const passOn = async ({ msg }: Task): Promise<Outcome> => ({ msg, done: "done" });
export const forEver = ({ signal }: Task) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** Waits for what a message comes to, however long a busy machine takes for it. */
export const happens = (isSo: () => boolean) => until(isSo, 30_000, () => `never ${isSo}`);
