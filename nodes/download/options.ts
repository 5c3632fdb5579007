/** What comes out of a download node. */
export type Output = "results" | "frames" | "file";

/** What a download node holds as saved in a flow. */
export interface DownloadOptions {
  name: string;
  /** Optional: lets an expired link be renewed. */
  account: string;
  url: string;
  urlType: string;
  output: Output;
  /** Where to write (Mustache template), for output `file`. */
  filename: string;
  /** 0 to 1; acts on output `frames`. */
  minConfidence: number;
  /** Comma-separated classes to keep, empty = all; acts on output `frames`. */
  classes: string;
  /** Leave out frames without a prediction; acts on output `frames`. */
  skipEmpty: boolean;
  resume: boolean;
}

export const downloadDefaults: DownloadOptions = {
  name: "",
  account: "",
  url: "payload.output_signed_url",
  urlType: "msg",
  output: "results",
  filename: "",
  minConfidence: 0,
  classes: "",
  skipEmpty: false,
  resume: true,
};
