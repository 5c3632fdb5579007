import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import type { NodeAPI } from "node-red";
import helper from "node-red-node-test-helper";
import account from "../../nodes/account/account";
import download from "../../nodes/download/download";
import poll from "../../nodes/poll/poll";
import { times } from "../../nodes/runtime/journal/times";
import { requestHeader } from "../../nodes/runtime/request-header";
import start from "../../nodes/start/start";
import upload from "../../nodes/upload/upload";

/** What became of one message that was sent into a node. */
export interface Seen {
  /** Messages that left by the outputs, the first output's only. */
  sent: Record<string, any>[];
  /** Messages at the Catch node. */
  caught: Record<string, any>[];
  /** How often the node said that it was done without an error. */
  completed: number;
  /** Milliseconds from the message to its outcome. */
  took: number;
  /** Everything that was shown: log lines and status texts. */
  shown: string;
  /** Files that the journal still held long after the outcome. */
  leftovers: string[];
}

export interface Setting {
  account?: Record<string, unknown>;
  apiKey: string;
  userDir: string;
  /** More nodes, who makes them, and their credentials. */
  more?: {
    makers: ((RED: NodeAPI) => void)[];
    nodes: ({ id: string; type: string } & Record<string, unknown>)[];
    credentials: Record<string, Record<string, string>>;
  };
}

export interface NodeSetting extends Setting {
  /** `roboflow-video-…` without that. */
  type: "upload" | "start" | "poll" | "download";
  properties?: Record<string, unknown>;
  msg: Record<string, unknown>;
}

// Each of the many runs waits until its entry is gone.
Object.assign(times, { linger: 20, lingerOfReceiver: 40, lingerStep: 10 });

const ours = [account, upload, start, poll, download];
let runs = 0;
/** A name that no other flow of this process has: journal and rate limiter outlive their nodes. */
const own = (name: string) => `${name}${runs}`;

const accountNode = (properties?: Record<string, unknown>) => ({
  id: own("account"),
  type: "roboflow-video-account",
  baseUrl: "http://127.0.0.1:9",
  maxUploads: 2,
  ...properties,
});

/** Loads a flow into a Node-RED of this process. @returns what ends it */
async function load(
  t: TestContext,
  { userDir, apiKey, more }: Setting,
  flow: ({ id: string; type: string } & Record<string, unknown>)[],
): Promise<() => Promise<void>> {
  helper.settings({ userDir });
  await helper.load([...ours, ...(more?.makers ?? [])], [...flow, ...(more?.nodes ?? [])], {
    [own("account")]: { apiKey },
    ...more?.credentials,
  });
  let isLoaded = true;
  const unload = async () => {
    if (isLoaded) await helper.unload();
    isLoaded = false;
  };
  t.after(unload);
  return unload;
}

/** Runs one message through one node, between a Catch and a Complete node. */
export async function throughNode(t: TestContext, setting: NodeSetting): Promise<Seen> {
  runs += 1;
  const unload = await load(t, setting, [
    { id: "tab", type: "tab", label: "tab" },
    accountNode(setting.account),
    {
      id: own("node"),
      z: "tab",
      type: `roboflow-video-${setting.type}`,
      account: own("account"),
      ...setting.properties,
      wires: [[own("out")], []],
    },
    { id: own("out"), z: "tab", type: "helper" },
    { id: own("catch"), z: "tab", type: "catch", scope: null, uncaught: false, wires: [[own("caught")]] },
    { id: own("caught"), z: "tab", type: "helper" },
    { id: own("complete"), z: "tab", type: "complete", scope: [own("node")], wires: [[own("completed")]] },
    { id: own("completed"), z: "tab", type: "helper" },
  ]);
  const seen: Seen = { sent: [], caught: [], completed: 0, took: 0, shown: "", leftovers: [] };
  const shown: unknown[] = [];
  const node = helper.getNode(own("node"));
  node.on("call:status", ({ args }: { args: unknown[] }) => shown.push(args));
  const began = performance.now();
  const outcome = new Promise<void>((resolve) => {
    const note = (list: Record<string, any>[]) => (msg: Record<string, any>) => {
      list.push(msg);
      seen.took = performance.now() - began;
      resolve();
    };
    helper.getNode(own("out")).on("input", note(seen.sent));
    helper.getNode(own("caught")).on("input", note(seen.caught));
    helper.getNode(own("completed")).on("input", () => {
      seen.completed += 1;
    });
  });
  node.receive(setting.msg);
  await outcome;
  // A second outcome would follow the first soon.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const logged = helper.log().args;
  const storage = path.join(setting.userDir, "roboflow-video");
  for (let waited = 0; waited < 200 && filesIn(storage).length > 0; waited += 1)
    await new Promise((resolve) => setTimeout(resolve, times.lingerStep));
  seen.leftovers = filesIn(storage);
  await unload();
  seen.shown = JSON.stringify([shown, logged], (_, value) =>
    value instanceof Error ? String(value) : value,
  );
  return seen;
}

/** Asks for the model list as the dialog does; its answer stands for the message that goes on, or for the error. */
export async function modelList(t: TestContext, setting: Setting & { clip: object }): Promise<Seen> {
  runs += 1;
  const unload = await load(t, setting, [accountNode(setting.account)]);
  const began = performance.now();
  const { body } = await helper
    .request()
    .post(`/roboflow-video/account/${own("account")}/models`)
    .set(requestHeader, "XMLHttpRequest")
    .send({});
  const took = performance.now() - began;
  const shown = asText([body, helper.log().args]);
  await unload();
  const { clip: roboflow } = setting;
  return {
    sent: body.ok ? [{ roboflow, payload: body.models }] : [],
    caught: body.ok ? [] : [{ roboflow, error: body }],
    completed: body.ok ? 1 : 0,
    took,
    shown,
    leftovers: [],
  };
}

/** Errors as Node-RED logs them; everything else as JSON. */
const asText = (value: unknown) =>
  JSON.stringify(value, (_, inner) => (inner instanceof Error ? String(inner) : inner));

/** What is noted of no single message: which entry is at work, the time, and what a viewer may play. */
const notes = [".at-work", ".clock.json", ".playable.jsonl"];
/** A clip that was fetched or rewritten stays for its time; half of one never does. */
const isKeptClip = (file: string) => file.includes(`${path.sep}.clips${path.sep}`) && !file.endsWith(".part");

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !notes.includes(entry.name))
        .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
        .filter((file) => !isKeptClip(file))
    : [];
