import { parseArgs } from "node:util";

/** What was asked for on the command line. */
export interface LiveArguments {
  key: string;
  baseUrl: string;
  /** `project/4`; empty for the newest model of the key's workspace. */
  model: string;
  /** Seconds between two status checks. */
  interval: number;
  /** Seconds until the job must have ended. */
  timeLimit: number;
  /** Nobody is asked before it starts. */
  yes: boolean;
  /** Check the status once sooner than allowed, to see how that is refused. */
  early: boolean;
  help: boolean;
}

/** Something that the person at the keyboard can put right. */
export class WrongArgument extends Error {}

export const usage = `npm run check:live -- --key KEY [options]
  --key KEY           API key; default: the environment's ROBOFLOW_API_KEY
  --model PROJECT/4   the model of the one job; default: the newest of the key's workspace
  --yes               start without asking
  --early             check the status once sooner than the documented minute, to see the refusal
  --time-limit N      seconds in which the job has to end (3600)
  --base-url URL      another server, such as the emulator's`;

/** Seconds; documented for Roboflow's server (docs/api.md, call 4). */
const documentedInterval = 60;

/**
 * Reads the command line.
 *
 * @throws WrongArgument
 */
export function readArguments(args: string[], env: NodeJS.ProcessEnv): LiveArguments {
  const given = parse(args);
  const baseUrl = given["base-url"].replace(/\/+$/, "");
  if (!URL.canParse(baseUrl)) throw new WrongArgument(`--base-url takes a URL, not "${baseUrl}".`);
  if (given.model && !/^[^/\s]+\/\d+$/.test(given.model))
    throw new WrongArgument(`--model takes a project and a version, such as my-project/4.`);
  const isRoboflow = /(^|\.)roboflow\.com$/i.test(new URL(baseUrl).hostname);
  const seconds = (name: "interval" | "time-limit") => {
    const value = Number(given[name]);
    if (!(value > 0)) throw new WrongArgument(`--${name} takes seconds.`);
    return value;
  };
  const key = given.key || (env.ROBOFLOW_API_KEY ?? "");
  if (!key && !given.help)
    throw new WrongArgument("There is no key: give --key KEY or set ROBOFLOW_API_KEY.");
  return {
    key,
    baseUrl,
    model: given.model,
    interval: isRoboflow ? Math.max(documentedInterval, seconds("interval")) : seconds("interval"),
    timeLimit: seconds("time-limit"),
    yes: given.yes,
    early: given.early,
    help: given.help,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        key: { type: "string", default: "" },
        model: { type: "string", default: "" },
        yes: { type: "boolean", default: false },
        early: { type: "boolean", default: false },
        "time-limit": { type: "string", default: "3600" },
        // For the emulator, which does not mind: not below the documented one on Roboflow's server.
        interval: { type: "string", default: String(documentedInterval) },
        "base-url": { type: "string", default: "https://api.roboflow.com" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    // Not with what was typed: that may be the key.
    throw new WrongArgument(
      `An option is not known or lacks its value. (${(error as { code?: string }).code})`,
    );
  }
}
