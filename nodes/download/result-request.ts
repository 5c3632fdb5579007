import type { Node, NodeAPI } from "node-red";
import type { Incoming, ResultSummary, VideoError } from "../roboflow";
import type { Task } from "../runtime/runner/step";
import type { TextValues, WarningKey } from "../runtime/text";
import type { PreviewRows } from "./preview-rows";
import type { DownloadSettings } from "./settings";

/** One result to be fetched, as an output of the download node sees it. */
export interface ResultRequest {
  RED: NodeAPI;
  node: Node;
  settings: DownloadSettings;
  task: Task;
  /**
   * Fetches the result.
   *
   * @param take reads the bytes; called once for every attempt.
   */
  fetch<T>(take: (incoming: Incoming) => Promise<T>): Promise<T>;
  /** Logs a sentence of the catalogue's `warnings` in the node's name. */
  warn(key: WarningKey, values: TextValues): void;
  /** An error in words, as a failed message would tell it. */
  describe(error: VideoError): string;
  /** Keeps what came out for the dialog. */
  keepPreview(rows: PreviewRows): void;
}

/** Puts the counts over the whole result into `msg.roboflow`. */
export function noteCounts({ msg }: Task, { frames, detections, classes, nullFrames }: ResultSummary): void {
  Object.assign(msg.roboflow, { frames, detections, classes, nullFrames });
}

/** Shows how far a download is, since its whole length is not always known. */
export const megabytes =
  (task: Task) =>
  (bytes: number): void =>
    task.working("downloading", { megabytes: Math.floor(bytes / 1e6) });
