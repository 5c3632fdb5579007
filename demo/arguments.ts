import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

/** What was asked for on the command line. */
export interface DemoArguments {
  /** The path of the clip, or an http(s) address. */
  video: string;
  /** End after the first clip. */
  once: boolean;
  /** Roboflow itself instead of the emulator. */
  roboflow: boolean;
  /** The API key; with the emulator, the one that it accepts. */
  key: string;
  /** `project/4`; empty leaves the one of the example. */
  model: string;
  /** Only the options are asked for. */
  help: boolean;
  /** Seconds until the first clip must have come through. */
  timeLimit: number;
}

/** Something that the person at the keyboard can put right. */
export class WrongArgument extends Error {}

export const usage = `npm start -- [options]
  --once              end after the first clip, with one line of JSON
  --video PATH        this clip instead of the demo's own (mp4, avi, mkv, webm; or an http URL)
  --model PROJECT/4   run this model
  --key KEY           use Roboflow itself, with this API key
  --roboflow          use Roboflow itself, with the key in ROBOFLOW_API_KEY
  --time-limit N      seconds in which the first clip has to come through (300; with Roboflow 3600)`;

const ownClip = path.join(__dirname, "clip", "yard.mp4");

/**
 * Reads the command line.
 *
 * @throws WrongArgument
 */
export function readArguments(args: string[], env: NodeJS.ProcessEnv): DemoArguments {
  const { video, once, roboflow, key, model, help, "time-limit": timeLimit } = parse(args);
  if (model && !/^[^/\s]+\/\d+$/.test(model))
    throw new WrongArgument(`--model takes a project and a version, such as my-project/4, not "${model}".`);
  const real = roboflow || key !== "";
  const realKey = key || (env.ROBOFLOW_API_KEY ?? "");
  if (real && !realKey)
    throw new WrongArgument("--roboflow needs a key: give --key KEY or set ROBOFLOW_API_KEY.");
  const seconds = Number(timeLimit ?? (real ? 3600 : 300));
  if (!(seconds > 0)) throw new WrongArgument(`--time-limit takes seconds, not "${timeLimit}".`);
  return {
    // npm runs this in the project's folder; a relative path is meant from where it was typed.
    video: video === undefined ? ownClip : findVideo(video, env.INIT_CWD ?? process.cwd()),
    once,
    roboflow: real,
    key: real ? realKey : "demo",
    model,
    help,
    timeLimit: seconds,
  };
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        video: { type: "string" },
        once: { type: "boolean", default: false },
        roboflow: { type: "boolean", default: false },
        key: { type: "string", default: "" },
        model: { type: "string", default: "" },
        help: { type: "boolean", default: false },
        "time-limit": { type: "string" },
      },
    });
    return values;
  } catch (error) {
    throw new WrongArgument((error as Error).message);
  }
}

function findVideo(video: string, from: string): string {
  if (/^https?:\/\//i.test(video)) return video;
  const file = path.resolve(from, video);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw new WrongArgument(`--video: file not found: ${file}`);
  if (!stat.isFile()) throw new WrongArgument(`--video: ${file} is not a file`);
  try {
    accessSync(file, constants.R_OK);
  } catch {
    throw new WrongArgument(`--video: no permission to read ${file}`);
  }
  return file;
}
