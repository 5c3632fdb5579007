// Imported by the dialog as well: nothing of Node.js or Node-RED here.

/** What comes out of a download node. */
export type Output = "results" | "frames" | "events" | "summary" | "file";

/** What a file holds: the bytes as downloaded, a frame per line, or a prediction per row. */
export type Format = "json" | "jsonl" | "csv";

/** What a download node holds as saved in a flow. */
export interface DownloadOptions {
  name: string;
  /** Optional: lets an expired link be renewed. */
  account: string;
  url: string;
  urlType: string;
  output: Output;
  /** Where to write (Mustache template). */
  filename: string;
  format: Format;
  /** 0 to 1. */
  minConfidence: number;
  /** Comma-separated classes to keep, empty = all. */
  classes: string;
  /** Leave out frames without a prediction. */
  skipEmpty: boolean;
  /** Seconds: sightings at most so far apart are one event. */
  gap: number;
  /** Seconds: shorter events are left out. */
  minDuration: number;
  resume: boolean;
}

export const downloadDefaults: DownloadOptions = {
  name: "",
  account: "",
  url: "payload.output_signed_url",
  urlType: "msg",
  output: "results",
  filename: "",
  format: "json",
  minConfidence: 0,
  classes: "",
  skipEmpty: false,
  gap: 2,
  minDuration: 0,
  resume: true,
};

/** An output, with the format in place of `file`: what the other settings act on. */
type Mode = Exclude<Output, "file"> | Format;

const modesWith = {
  filename: ["json", "jsonl", "csv"],
  format: ["json", "jsonl", "csv"],
  minConfidence: ["frames", "events", "summary", "jsonl", "csv"],
  classes: ["frames", "events", "summary", "jsonl", "csv"],
  skipEmpty: ["frames", "jsonl"],
  gap: ["events", "summary"],
  minDuration: ["events", "summary"],
} as const satisfies Partial<Record<keyof DownloadOptions, readonly Mode[]>>;

/** A setting that acts on some outputs only. */
export type SpecialSetting = keyof typeof modesWith;

const outputs: readonly Output[] = ["results", "frames", "events", "summary", "file"];
const formats: readonly Format[] = ["json", "jsonl", "csv"];

/** The output and format of a flow, which may be older or made by hand: what is unknown counts as the default. */
export const outputOf = ({ output }: { output?: unknown }): Output =>
  outputs.find((known) => known === output) ?? downloadDefaults.output;
export const formatOf = ({ format }: { format?: unknown }): Format =>
  formats.find((known) => known === format) ?? downloadDefaults.format;

/** Whether a setting acts on what comes out. */
export function applies(setting: SpecialSetting, options: { output?: unknown; format?: unknown }): boolean {
  const output = outputOf(options);
  const mode: Mode = output === "file" ? formatOf(options) : output;
  return (modesWith[setting] as readonly Mode[]).includes(mode);
}
