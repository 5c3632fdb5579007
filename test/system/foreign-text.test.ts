import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { makeClips } from "../support/clips";
import { injectNodes, NodeRed, type RecordedMessage, until } from "../support/node-red";
import { credentials, fewerNodes, journalEntries, newUserDir, pipeline } from "../support/pipeline";

/** Without a bracket that closes it, this held up the whole process for minutes: translations look for keys in it. */
const nested = "$t(front door camera of the yard at the north side, seen from the gate";

/** Milliseconds within which each outcome has to be there, and a stop to be done; it was minutes, or never. */
const generous = 15_000;

let roboflow: Emulator;
let nodeRed: NodeRed | undefined;
let userDir: string;
beforeEach(async () => {
  roboflow = await startEmulator({ jobSeconds: 0.2, analyse: false });
  userDir = newUserDir();
});
afterEach(async () => {
  await nodeRed?.kill();
  await roboflow.close();
  rmSync(userDir, { recursive: true, force: true });
});

const start = (keepFlows = false) =>
  NodeRed.start({
    userDir,
    flows: [
      ...pipeline(roboflow.url, {
        st: { models: [{ modelId: "{{model}}", inferenceType: "object-detection" }] },
      }),
      ...["st", "po", "do"].flatMap((node) => injectNodes(node, [node])),
    ],
    credentials,
    settings: fewerNodes,
    keepFlows,
  });

async function stopped(running: NodeRed): Promise<void> {
  const begun = performance.now();
  await running.stop();
  assert.ok(performance.now() - begun < generous, "SIGTERM is obeyed");
}

const clip = (count: number) => `\0\0\0\u0018ftypmp42${"\ufffd\u0001".repeat(count)}`;

interface Case {
  name: string;
  feed: "clip" | "st" | "po" | "do";
  msg: Record<string, unknown>;
  /** What Roboflow answers. */
  fault?: Parameters<Emulator["fault"]>[0];
  words: string;
}

test("no text from outside holds up Node-RED or is changed, and SIGTERM is obeyed", async () => {
  const running = await start();
  nodeRed = running;
  const [video] = makeClips(userDir, ["yard.mp4"]);
  const cases: Case[] = [
    { name: "a path", feed: "clip", msg: { payload: `/clips/${nested}.mp4` }, words: `/clips/${nested}.mp4` },
    {
      name: "an endless path",
      feed: "clip",
      msg: { payload: `/${"a-".repeat(50_000)}` },
      words: "/a-a-a-a-",
    },
    {
      name: "a clip as text",
      feed: "clip",
      msg: { payload: clip(112_000) },
      words: "text of 224,012 characters",
    },
    {
      name: "a clip in base64",
      feed: "clip",
      msg: { payload: "QUJD".repeat(250_000) },
      words: "text of 1,000,000 characters",
    },
    { name: "a file name", feed: "clip", msg: { payload: "/none.mp4", filename: nested }, words: "none.mp4" },
    {
      name: "a server's words",
      feed: "clip",
      msg: { payload: video },
      fault: { kind: "signed-url", do: "answer", status: 422, message: nested },
      words: nested,
    },
    {
      name: "an endless page of the storage",
      feed: "clip",
      msg: { payload: video },
      fault: { kind: "put", do: "answer", status: 403, body: "a-".repeat(1_000_000), count: 2 },
      words: "a-a-a-",
    },
    { name: "a link", feed: "st", msg: { payload: nested }, words: `"${nested}"` },
    {
      name: "a model",
      feed: "st",
      msg: { payload: "https://s.example/a.mp4", model: nested },
      words: `"${nested}"`,
    },
    { name: "an endless job ID", feed: "po", msg: { payload: "a-".repeat(25_000) }, words: "a-a-a-" },
    { name: "a job ID", feed: "po", msg: { payload: nested }, words: nested },
    {
      name: "a result's link",
      feed: "do",
      msg: { payload: nested, roboflow: { outputUrl: nested } },
      words: nested,
    },
    {
      name: "a job's words",
      feed: "clip",
      msg: { payload: video },
      fault: { kind: "job", do: "fail", message: nested },
      words: nested,
    },
  ];
  for (const [done, { name, feed, msg, fault, words }] of cases.entries()) {
    if (fault) roboflow.fault(fault);
    await running.inject(feed, { model: "people/4", ...msg, case: name });
    const { msg: caught } = (await running.recorded("caught", done + 1, generous))[done] as RecordedMessage;
    assert.equal(caught.case, name);
    const { message } = caught.error as { message: string };
    assert.ok(message.includes(words), `${name}: ${message}`);
    assert.ok(message.length <= 1000, `${name}: ${message.length} characters`);
  }
  await stopped(running);
});

test("a message that is taken up again after a kill does not hold up Node-RED either", async () => {
  nodeRed = await start();
  roboflow.fault({ kind: "signed-url", do: "silent", count: 0 });
  const files = makeClips(userDir, [`${nested}.mp4`, "yard.mp4"]);
  for (const payload of files) await nodeRed.inject("clip", { payload });
  await until(
    () => journalEntries(userDir, "up").length === 2,
    generous,
    () => "both are in the journal",
  );
  await nodeRed.kill();

  rmSync(files[0] as string);
  roboflow.clearFaults();
  roboflow.fault({ kind: "signed-url", do: "answer", status: 422, message: nested, count: 0 });
  nodeRed = await start(true);
  const caught = await nodeRed.recorded("caught", 2, generous);
  const messages = caught.map(({ msg }) => msg.error.message as string);
  for (const message of messages) assert.ok(message.includes(nested) && message.length <= 1000, message);
  await stopped(nodeRed);
});
