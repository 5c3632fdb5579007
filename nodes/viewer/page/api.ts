import { withoutSlashesAtEnd } from "../../roboflow/http/urls";
import type { DetectionEvent } from "../../roboflow/result/types";
import { requestHeader } from "../../runtime/request-header";
import type { FrameLine, ListedClip, Summary } from "../data";

/** The page may stand below any path, with a slash at its end or without. */
const base = withoutSlashesAtEnd(location.pathname);
const addressOf = (id: string) => `${base}/clips/${encodeURIComponent(id)}`;
const pageAddressOf = (id: string) => `${base}/page/${encodeURIComponent(id)}`;

async function ask(address: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer;
}

/** The clips, newest first. */
export const listClips = async (signal: AbortSignal): Promise<ListedClip[]> =>
  (await ask(`${base}/page/clips`, signal)).json();

export const summaryOf = async (id: string, signal: AbortSignal): Promise<Summary> =>
  (await ask(`${pageAddressOf(id)}/summary`, signal)).json();

export const eventsOf = async (
  id: string,
  percent: number,
  signal: AbortSignal,
): Promise<{ total: number; events: DetectionEvent[] }> =>
  (await ask(`${pageAddressOf(id)}/events?confidence=${percent / 100}`, signal)).json();

/** Milliseconds of work after which the page gets its turn. */
const longestStretch = 8;

/** The frames of one window, in order of time. Read in short stretches: a window may hold very many detections. */
export async function framesOf(id: string, window: number, signal: AbortSignal): Promise<FrameLine[]> {
  const text = await (await ask(`${pageAddressOf(id)}/frames/${window}`, signal)).text();
  const frames: FrameLine[] = [];
  let since = performance.now();
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    const line = JSON.parse(text.slice(from, end < 0 ? text.length : end)) as FrameLine;
    const before = frames.at(-1);
    // Several events may have their best detection in one frame.
    if (before && before[1] === line[1]) before[2].push(...line[2]);
    else frames.push(line);
    from = end < 0 ? text.length : end + 1;
    if (performance.now() - since < longestStretch) continue;
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    since = performance.now();
  }
  return frames.sort((one, other) => (one[1] ?? 0) - (other[1] ?? 0));
}

export const videoAddress = (id: string): string => `${addressOf(id)}/video`;

export const tableAddress = (id: string, percent: number): string =>
  `${addressOf(id)}/csv${percent > 0 ? `?confidence=${percent / 100}` : ""}`;

/** Deletes what is kept of a clip. */
export async function deleteClip(id: string): Promise<boolean> {
  const headers = { "Content-Type": "application/json", [requestHeader]: "XMLHttpRequest" };
  const answer = await fetch(addressOf(id), { method: "DELETE", headers, body: "{}" });
  return answer.ok || answer.status === 404;
}
