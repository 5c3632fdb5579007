import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DemoArguments, readArguments, usage, WrongArgument } from "./arguments";
import { type Clip, EventFile } from "./events";
import { exampleFlow, theNode } from "./example-flow";
import { NodeRed } from "./node-red";
import { type Ending, ProgressLog } from "./progress";
import { eventFile, startEmulator, startNodeRed } from "./servers";

/** A model that the emulator's workspace lists, so that the dialogs show it. */
const emulatorModel = "yard-motion/2";

/** `npm start`: a clip through all four nodes of a real Node-RED. */
async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2), process.env);
  if (asked.help) return console.log(usage);
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => stopped.abort(signal));

  const cleaning: (() => Promise<unknown>)[] = [];
  try {
    const { nodeRed, events } = await start(asked, cleaning);
    const first = printProgress(events, stopped.signal);
    await press(nodeRed);
    const ending = await within(first, asked.timeLimit, stopped.signal);
    if (asked.once) return finish(ending);
    if ("failure" in ending) console.log(`\nThe clip did not come through: ${ending.failure}`);
    invite(nodeRed, asked);
    if (process.send) restartWhenTold(nodeRed, cleaning);
    await untilAborted(stopped.signal);
  } catch (error) {
    // Whoever presses Ctrl-C ends Node-RED as well, whatever it is doing just then.
    if (!stopped.signal.aborted) throw error;
    if (asked.once) process.exitCode = 130;
  } finally {
    if (stopped.signal.aborted) console.log("\nStopping …");
    for (const clean of cleaning.reverse()) await clean();
  }
}

/** Starts the servers, and says where they are. */
async function start({ video, roboflow, key, model }: DemoArguments, cleaning: (() => Promise<unknown>)[]) {
  const folder = await mkdtemp(path.join(tmpdir(), "roboflow-video-demo-"));
  cleaning.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  let baseUrl: string | undefined;
  if (!roboflow) {
    const emulator = await startEmulator();
    cleaning.push(() => emulator.stop());
    baseUrl = emulator.url;
    console.log(`Roboflow emulator       ${baseUrl}   (key: ${key})`);
    console.log(
      "  It takes the place of Roboflow: a motion detector, not a model. Whatever moves is called “motion”.",
    );
  }
  const flow = exampleFlow({ video, baseUrl, model: model || (roboflow ? "" : emulatorModel) });
  const nodeRed = await startNodeRed(folder, flow, {
    account: theNode(flow, "roboflow-video-account"),
    // Roboflow's key goes by the environment, so that it does not lie on the disk.
    ...(roboflow ? { env: { ROBOFLOW_API_KEY: key } } : { key, env: {} }),
  });
  cleaning.push(() => nodeRed.stop());
  console.log(`Node-RED editor         ${nodeRed.url}`);
  console.log(`Viewer                  ${nodeRed.url}/video`);
  return { nodeRed, events: new EventFile(eventFile(folder)) };
}

/** Presses the button of the inject node, as a person in the editor would. */
async function press(nodeRed: NodeRed): Promise<void> {
  const { id } = theNode(nodeRed.options.flows, "inject");
  const answer = await fetch(`${nodeRed.url}/inject/${id}`, { method: "POST" });
  if (!answer.ok) throw new Error(`Node-RED did not take the clip: HTTP ${answer.status}`);
}

/**
 * Prints everything that happens from now on.
 *
 * @returns how the first clip ends.
 */
function printProgress(events: EventFile, signal: AbortSignal): Promise<Ending> {
  const progress = new ProgressLog((line) => console.log(line));
  return new Promise((resolve, reject) => {
    const look = () => {
      try {
        for (const event of events.read()) {
          const ending = progress.log(event);
          if (ending) resolve(ending);
        }
      } catch (error) {
        reject(error);
      }
    };
    const timer = setInterval(look, 100);
    signal.addEventListener("abort", () => clearInterval(timer));
  });
}

/** What comes first: the ending, or the time limit. Throws when the person stops it all. */
async function within(ending: Promise<Ending>, limit: number, stop: AbortSignal): Promise<Ending> {
  const over = new AbortController();
  const late = async () => {
    await sleep(limit * 1000, undefined, { signal: AbortSignal.any([stop, over.signal]) });
    return { failure: `it took more than ${limit} seconds` };
  };
  try {
    return await Promise.race([ending, late()]);
  } finally {
    over.abort();
  }
}

/** `npm run dev` has built anew: the same flows, on the same port, with the new code. */
function restartWhenTold(first: NodeRed, cleaning: (() => Promise<unknown>)[]): void {
  let running = first;
  let restarting = Promise.resolve();
  cleaning.push(async () => {
    await restarting;
    await running.stop();
  });
  const restart = async () => {
    await running.stop();
    running = await NodeRed.start({ ...running.options, port: running.port, keepFlows: true });
    console.log(`Node-RED has restarted: ${running.url}`);
  };
  process.on("message", (told) => {
    if (told === "restart") restarting = restarting.then(restart).catch((error) => console.error(error));
  });
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

/** A clip that did not come through. */
class WrongEnding extends Error {}

/** The last line of `--once`: JSON, for programs. */
function finish(ending: Ending): void {
  if ("failure" in ending) throw new WrongEnding(ending.failure);
  const { jobId, frames, detections, classes }: Clip = ending.clip;
  console.log(JSON.stringify({ jobId, frames, detections, classes }));
}

function invite({ url }: NodeRed, { roboflow }: DemoArguments): void {
  console.log(`
Open ${url}/video to play the clip with its detections drawn over it.
Open ${url} to see the flow. The button of the inject node “send a clip” runs the clip again.`);
  if (!roboflow) console.log("To use Roboflow itself: see “Quick start with an API key” in README.md.");
  console.log("Press Ctrl-C to stop. Changes made in the editor are not kept.");
}

main().then(
  () => process.exit(process.exitCode ?? 0),
  (error) => {
    if (error instanceof WrongArgument) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof WrongEnding) console.error(`The clip did not come through: ${error.message}`);
    else console.error(error);
    process.exit(1);
  },
);
