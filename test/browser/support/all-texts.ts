import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describeValue, type ErrorValues } from "../../../nodes/roboflow";
import { longestStatusValues } from "../../support/locales";

/** Every status, error and warning of the catalogues, with values as long as they come in practice. */

const sources = path.join(__dirname, "..", "..", "..", "nodes");

type Texts = Record<string, string>;
export type SharedTexts = Record<"status" | "errors" | "warnings" | "steps" | "said", Texts>;

/** What the nodes share in a language. */
export const sharedTexts = (language: string): SharedTexts =>
  JSON.parse(readFileSync(path.join(sources, "locales", language, "account.json"), "utf8"));

const english = sharedTexts("en-US");

export const steps = ["upload", "start", "poll", "download", "folder", "viewer"];
const codeOf = (step: string) =>
  readdirSync(path.join(sources, step), { encoding: "utf8", recursive: true })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(path.join(sources, step, file), "utf8"))
    .join("\n");
const code = new Map(steps.map((step) => [step, codeOf(step)]));

/** The step whose code speaks of a key, and no other's; the first one where several do, or what they share. */
export function stepOf(key: string): string {
  const speaking = steps.filter((step) => code.get(step)?.includes(`"${key}"`));
  return (speaking.length === 1 && speaking[0]) || "upload";
}

const inHand = new Set([
  ...["uploading", "fetching", "waitingForClip", "converting", "waitingTurn", "retrying", "renewingLink"],
  ...[
    "starting",
    "startingFrames",
    "jobRunning",
    "jobRunningFor",
    "downloading",
    "frame",
    "event",
    "several",
    "someOf",
  ],
]);
const good = new Set([
  ...[
    "uploaded",
    "passedOn",
    "started",
    "startedFrames",
    "finished",
    "downloaded",
    "framesSent",
    "eventsSent",
  ],
  ...["fileWritten", "summarySent", "sentAgain", "done", "clipPassedOn", "clipsKept"],
]);

export interface Status {
  key: string;
  /** What it stands for; none while the message is in hand. */
  ends?: "well" | "badly";
}

export const statuses: Status[] = Object.keys(english.status).map((key) => {
  if (inHand.has(key)) return { key };
  return { key, ends: good.has(key) ? "well" : "badly" };
});

/** Numbers of a status; a time of day as hours and minutes. */
export const statusValues = Object.fromEntries(
  Object.entries(longestStatusValues).map(([name, value]) =>
    value.includes(":") ? [name, value.split(":").map(Number)] : [name, Number(value)],
  ),
);

const clip = "/home/pi/recordings/driveway-north/2026-07-13/driveway-north-2026-07-13T07-14-05.mp4";
const jobs = "3f9a0c27-b1de-4c55-9d3c-0a6a2f0f7c11, 8a1be0c4-5d0f-4b44-8f5e-53f5ab0c9f02";
/** What stands in the place of each placeholder of an error or a warning. */
const values: ErrorValues = {
  variable: "ROBOFLOW_API_KEY",
  url: "http://192.168.178.40:5000/api/events/1752390845.123456-k3v9qz/clip.mp4",
  value: describeValue("the yard camera"),
  type: "msg",
  template: "/data/results/{{roboflow.jobId}",
  path: clip,
  host: "nvr.driveway-north.fritz.box",
  codec: "msmpeg4v3",
  megabytes: 192,
  seems: { term: "mpegProgramStream" },
  least: 1,
  most: 120,
  rate: 29.97,
  fps: 14.985,
  highest: 14,
  model: "rock-paper-scissors-presentation",
  types: "object-detection, instance-segmentation, keypoint-detection, classification, clip-embed-image",
  limit: 100,
  hours: 23,
  status: 2,
  detail: "Unexpected token",
  position: 104_857_600,
  size: 536_870_912,
  file: "/home/pi/.node-red/roboflow-video/0f7c11a6.crashed",
  job: "3f9a0c27-b1de-4c55-9d3c-0a6a2f0f7c11",
  jobs,
  values: "msg.req, msg.res",
  node: "5a0c1e0000000008",
  count: 12,
  problem: "",
  missing: "Person, Car",
  seen: "person, car, bicycle, forklift",
  similar: "person, car",
};

/** The values that a sentence has a place for. */
export function valuesFor(sentence: string): ErrorValues {
  const names = [...sentence.matchAll(/__(\w+?)__/g)].map(([, name]) => name as string);
  for (const name of names) if (values[name] === undefined) throw new Error(`__${name}__ has no value`);
  return Object.fromEntries(names.map((name) => [name, values[name] as ErrorValues[string]]));
}

/** What a log line or a Catch node says besides, at the longest. */
export const circumstances = {
  statusCode: 503,
  jobId: values.job as string,
  fileName: "driveway-north-2026-07-13T07-14-05.mp4",
};
