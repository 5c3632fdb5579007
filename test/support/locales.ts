import type { NodeStatus } from "node-red";
import english from "../../nodes/locales/en-US/account.json";

const statusKey = "@camera-flows/node-red-roboflow-video/roboflow-video-account:status.";

/** A status as an English editor shows it: a text that is a catalogue's key becomes the words behind it. */
export function shownStatus(status: NodeStatus): NodeStatus {
  const { text } = status;
  if (!text?.startsWith(statusKey)) return status;
  const words = (english.status as Record<string, string>)[text.slice(statusKey.length)];
  if (words === undefined || words.includes("__")) throw new Error(`the editor shows ${text} as it is`);
  return { ...status, text: words };
}

/** The longest values that a status is filled with in practice. */
export const longestStatusValues: Record<string, string> = {
  percent: "100",
  minutes: "1440",
  megabytes: "999",
  number: "115582",
  frames: "100000",
  count: "10000",
  running: "999",
  all: "9999",
  next: "14:05",
};
