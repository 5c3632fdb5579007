import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, it, type TestContext } from "node:test";
import { type FlowNode, injectNodes, NodeRed, recordNode, until } from "../support/node-red";
import { credentials, fewerNodes, journalFiles, newUserDir } from "../support/pipeline";

/** Messages in one turn of the event loop. */
const count = 10_000;
/** Milliseconds of work in one turn, beside what a core node takes for the same messages. The target is 100. */
const longestFreeze = 500;
const minutes = 60_000;

const start = (keepFlows = false) =>
  NodeRed.start({
    userDir,
    flows: flows(),
    credentials,
    keepFlows,
    settings: fewerNodes,
    nodeOptions: ["--require", path.join(__dirname, "support", "freezes.js")],
    env: { FREEZES: freezesFile() },
  });

const freezesFile = () => path.join(userDir, "freezes.txt");

/** The longest freeze since this was called last, in milliseconds of work. */
function longest(): number {
  if (!existsSync(freezesFile())) return 0;
  const lines = readFileSync(freezesFile(), "utf8").trim().split("\n");
  rmSync(freezesFile());
  return Math.max(0, ...lines.map((line) => Number(line.split(" ")[1])));
}

/** Nobody answers there: jobs stay. */
const nowhere = "http://127.0.0.1:9";

/** `/feed/NAME` sends `msg.count` copies of `msg.text`, each with its number for "#", to a node of ours or of the core. */
function flows(): FlowNode[] {
  const targets = { core: "core", upload: "up", poll: "po" };
  return [
    { id: "tab", type: "tab", label: "Bursts" },
    { id: "acc", type: "roboflow-video-account", baseUrl: nowhere },
    ...Object.entries(targets).flatMap(([name, target]) => [
      ...injectNodes(name, [`burst-${name}`]),
      code(`burst-${name}`, burst, [target]),
    ]),
    code("core", "return msg;", ["count"]),
    { id: "up", type: "roboflow-video-upload", z: "tab", account: "acc", wires: [["count"]] },
    { id: "po", type: "roboflow-video-poll", z: "tab", account: "acc", interval: 36_000, wires: [[], []] },
    { id: "complete", type: "complete", z: "tab", scope: ["po"], uncaught: false, wires: [["count"]] },
    code("count", counting, ["record-all"]),
    recordNode("all"),
  ];
}

const burst = `const text = JSON.stringify(msg.message);
flow.set("seen", []);
for (let number = 0; number < msg.count; number += 1) node.send(JSON.parse(text.replaceAll("#", number)));`;

/** Records what came, when as many have come as are expected. */
const counting = `const seen = flow.get("seen");
seen.push(msg.number);
if (seen.length === Number(msg.expected)) return { payload: seen };`;

const code = (id: string, func: string, to: string[]): FlowNode => ({
  id,
  type: "function",
  z: "tab",
  func,
  outputs: 1,
  libs: [],
  wires: [to],
});

let userDir: string;
let nodeRed: NodeRed;
before(async () => {
  userDir = newUserDir();
  nodeRed = await start();
});
after(async () => {
  await nodeRed.kill();
  rmSync(userDir, { recursive: true, force: true });
});

let recorded = 0;

/** Sends messages and waits until all have come through: their numbers, as they came. */
async function through(name: string, message: object, messages = count): Promise<number[]> {
  await nodeRed.inject(name, { count: messages, message: { number: "#", ...message } });
  recorded += 1;
  const all = await nodeRed.recorded("all", recorded, 4 * minutes);
  return all.at(-1)?.msg.payload.map(Number);
}

const inOrder = Array.from({ length: count }, (_, number) => number);

/** @param ofCore what a core node took for as many messages. */
function assertNoFreeze(t: TestContext, ofCore: number): void {
  const ms = longest();
  t.diagnostic(`longest freeze ${ms} ms; a core node's ${ofCore} ms`);
  assert(ms < ofCore + longestFreeze, `${ms} ms`);
}

let ofCore = 0;

it("10,000 messages of one turn leave upload in order, each once, and freeze nothing", async (t) => {
  longest();
  assert.deepEqual(await through("core", { expected: count }), inOrder);
  ofCore = longest();
  const url = "https://cameras.example.com/#.mp4";
  assert.deepEqual(await through("upload", { payload: url, expected: count }), inOrder);
  assertNoFreeze(t, ofCore);
});

it("10,000 resets by job ID of one turn stop 10,000 jobs that came in one turn, and freeze nothing", async (t) => {
  const job = { payload: "job-#", expected: 2 * count };
  await nodeRed.inject("poll", { count, message: job });
  await through("poll", { ...job, reset: true });
  assertNoFreeze(t, ofCore);
});

it("10,000 jobs that come just before a deploy that a stop cuts off are all there afterwards, and are taken up without a freeze", async (t) => {
  const job = { payload: "job-#", expected: count + 1 };
  await nodeRed.inject("poll", { count, message: job });
  // The stop comes while the deploy waits for the nodes to close.
  await nodeRed.deploy(flows());
  await nodeRed.stop();
  const inJournal = () => journalFiles(userDir).filter((name) => name.startsWith("po")).length;
  assert.equal(inJournal(), count);
  longest();
  nodeRed = await start(true);
  // A reset that comes before all have been taken up means those as well.
  await through("poll", { payload: "", reset: true, expected: count + 1 }, 1);
  assertNoFreeze(t, ofCore);
  await until(
    () => inJournal() === 0,
    minutes,
    () => `${inJournal()} left in the journal`,
  );
});
