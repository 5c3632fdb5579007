import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import type { NodeStatus } from "node-red";
import helper from "node-red-node-test-helper";
import account from "../../nodes/account/account";
import download from "../../nodes/download/download";
import poll from "../../nodes/poll/poll";
import { times } from "../../nodes/runtime/journal/times";
import { requestHeader } from "../../nodes/runtime/request-header";
import start from "../../nodes/start/start";
import upload from "../../nodes/upload/upload";
import { shownStatus } from "./locales";
import type { Msg } from "./messages";
import { temporaryFolder } from "./recordings";

type FlowNode = { id: string; type: string } & Record<string, unknown>;

/** What became of one message that was sent into a node. */
export interface Delivery {
  /** The message that went in, which a node may have changed. */
  msg: Msg;
  /** Messages by output, those of this message only. */
  outputs: Msg[][];
  /** What the Complete node got, when it ended well. */
  completed?: Msg;
  /** What the Catch node got, when it failed. */
  caught?: Msg;
}

/** One of our nodes in a running flow, between everything that can look at it. */
export interface NodeUnderTest {
  id: string;
  accountId: string;
  /** The nodes behind its outputs. */
  outputIds: string[];
  /** Everything that came out, by output. */
  outputs: Msg[][];
  caught: Msg[];
  completed: Msg[];
  /** Every status it has shown, since it was made, as an English editor shows it. */
  statuses(): NodeStatus[];
  userDir: string;
  /** Sends a message in and waits for its one `done`. */
  send(msg: Msg): Promise<Delivery>;
  /** Sends a message in, or into a node beside. @returns its `_msgid` */
  give(msg: Msg, beside?: string): string;
  /** Waits for the one `done` of a message. */
  outcomeOf(msgid: string): Promise<Delivery>;
  /** What was logged, as text. */
  logs(): string[];
  /** Deploys the whole flow anew, with other properties of the node where given. */
  redeploy(changes?: Record<string, unknown>): Promise<void>;
  admin(): any;
  /** Calls an admin endpoint as a dialog does. */
  dialog(path: string, body: object): any;
}

export interface FlowOptions {
  /** Properties of the account as saved; `false` for a node that names none. */
  account?: Record<string, unknown> | false;
  /** What stands in the account's credential. */
  apiKey?: string;
  /** Credentials of the node. */
  credentials?: Record<string, string>;
  /** Of settings.js. */
  settings?: Record<string, unknown>;
  /** Environment of the tab. */
  env?: Record<string, string>;
  userDir?: string;
  /** More nodes in the flow. */
  beside?: (account: string, tab: string) => FlowNode[];
  /** What registers their types, as the modules of core's nodes do. */
  types?: ((RED: any) => void)[];
}

// Each test's user directory has listeners of its own on the runtime that all tests of a process share.
EventEmitter.defaultMaxListeners = 200;

Object.assign(times, { linger: 20, lingerOfReceiver: 40, lingerStep: 10 });

/** Milliseconds after which a message without a `done` fails its test. */
const timeoutMs = 60_000;

/** The helper holds one flow at a time. */
let unloadLast = async (): Promise<void> => {};

/**
 * Runs one node of ours in a real runtime, with Catch and Complete nodes around it. Ids and user directory
 * are its own; when the test ends, no message may have been `done` twice.
 */
export async function runNode(
  t: TestContext,
  node: { type: string } & Record<string, unknown>,
  options: FlowOptions = {},
): Promise<NodeUnderTest> {
  const unique = randomUUID().slice(0, 8);
  const id = `node-${unique}`;
  const accountId = `account-${unique}`;
  const tab = `tab-${unique}`;
  const userDir = options.userDir ?? temporaryFolder(t);
  const outputCount = node.type === "roboflow-video-poll" ? 2 : 1;
  const outputIds = Array.from({ length: outputCount }, (_, output) => `output-${output}-${unique}`);
  const onTab = { z: tab, x: 10, y: 10 };
  const flow = (changes: Record<string, unknown> = {}): FlowNode[] => [
    {
      id: tab,
      type: "tab",
      env: Object.entries(options.env ?? {}).map(([name, value]) => ({ name, value, type: "str" })),
    },
    ...(options.account === false
      ? []
      : [{ id: accountId, type: "roboflow-video-account", ...(options.account ?? {}) }]),
    {
      ...(options.account === false ? {} : { account: accountId }),
      ...node,
      ...changes,
      ...onTab,
      id,
      wires: outputIds.map((output) => [output]),
    },
    ...outputIds.map((output) => ({ id: output, type: "helper", ...onTab })),
    { id: `catch-${unique}`, type: "catch", scope: [id], ...onTab, wires: [[`caught-${unique}`]] },
    { id: `caught-${unique}`, type: "helper", ...onTab },
    { id: `complete-${unique}`, type: "complete", scope: [id], ...onTab, wires: [[`completed-${unique}`]] },
    { id: `completed-${unique}`, type: "helper", ...onTab },
    ...(options.beside?.(accountId, tab) ?? []),
  ];
  const credentials = {
    ...(options.apiKey === undefined ? {} : { [accountId]: { apiKey: options.apiKey } }),
    ...(options.credentials ? { [id]: options.credentials } : {}),
  };

  const under: NodeUnderTest = {
    id,
    accountId,
    outputIds,
    outputs: outputIds.map(() => []),
    caught: [],
    completed: [],
    statuses: () => {
      const { thisValues, args } = helper.getNode(id).status;
      return args.flatMap(([status]: [NodeStatus], call: number) =>
        thisValues[call].id === id ? [shownStatus(status)] : [],
      );
    },
    userDir,
    send: (msg) => under.outcomeOf(under.give(msg)),
    give: (msg, beside = id) => {
      msg._msgid ??= randomUUID();
      helper.getNode(beside).receive(msg);
      return msg._msgid;
    },
    outcomeOf: async (msgid) => {
      const of = (messages: Msg[]) => messages.filter(({ _msgid }) => _msgid === msgid);
      const end = performance.now() + timeoutMs;
      while (of(under.completed).length + of(under.caught).length === 0) {
        if (performance.now() > end) assert.fail(`no done within ${timeoutMs} ms`);
        await turns(2);
      }
      // Whatever would come too much comes right behind.
      await turns(20);
      const [completed] = of(under.completed);
      const [caught] = of(under.caught);
      assert.equal(of(under.completed).length + of(under.caught).length, 1, "done more than once");
      return {
        msg: completed ?? caught ?? {},
        outputs: under.outputs.map(of),
        ...(completed ? { completed } : {}),
        ...(caught ? { caught } : {}),
      };
    },
    logs: () => helper.log().args.map(([{ msg }]) => String(msg instanceof Error ? (msg.stack ?? msg) : msg)),
    redeploy: async (changes) => {
      // What was sent just before a deploy comes again after it.
      const done = new Set([...under.completed, ...under.caught].map(({ _msgid }) => _msgid));
      const folder = path.join(userDir, "roboflow-video", id);
      const lingers = () => journalled(folder).some((msgid) => done.has(msgid));
      for (const end = performance.now() + timeoutMs; lingers() && performance.now() < end; )
        await new Promise((resolve) => setTimeout(resolve, times.lingerStep));
      await helper.setFlows(flow(changes), "full", credentials);
      listen();
    },
    admin: () => helper.request(),
    dialog: (path, body) => helper.request().post(path).set(requestHeader, "XMLHttpRequest").send(body),
  };

  const listen = () => {
    const into = (helperId: string, take: (msg: Msg) => void) => helper.getNode(helperId).on("input", take);
    for (const [output, outputId] of outputIds.entries())
      into(outputId, (msg) => void under.outputs[output]?.push(msg));
    into(`caught-${unique}`, (msg) => void under.caught.push(msg));
    into(`completed-${unique}`, (msg) => void under.completed.push(msg));
  };

  await unloadLast();
  helper.settings({ userDir, ...options.settings });
  await helper.load([account, upload, start, poll, download, ...(options.types ?? [])], flow(), credentials);
  listen();
  let unloaded: Promise<void> | undefined;
  unloadLast = () => {
    unloaded ??= helper.unload();
    return unloaded;
  };
  t.after(async () => {
    await unloadLast();
    const done = [...under.completed, ...under.caught].map(({ _msgid }) => _msgid);
    assert.equal(new Set(done).size, done.length, "a message was done more than once");
  });
  return under;
}

/** The `_msgid`s of the messages in a node's folder of the journal. */
function journalled(folder: string): unknown[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(path.join(folder, name), "utf8")).msg._msgid];
    } catch {
      return []; // Removed meanwhile.
    }
  });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What a failed message is expected to show: its code, and words that its message holds. */
export function assertFailure(
  { caught, outputs }: Delivery,
  code: string,
  words: RegExp,
  statusCode?: number,
): void {
  assert.ok(caught, "the message did not fail");
  assert.equal(caught.error.code, code, caught.error.message);
  assert.match(caught.error.message, words);
  assert.equal(caught.statusCode, statusCode);
  assert.deepEqual(
    outputs.flatMap((output) => output.filter((msg) => msg.payload?.status !== 1)),
    [],
    "a failed message went on",
  );
}
