import { notice } from "../editor/notice";
import { keepUpToDate } from "../editor/refresh";
import { call, isRefusal } from "../editor/server";
import { moment, wordsOf } from "../editor/words";
import { playbackTime } from "./playback-time";
import type { EventRow, FrameRow, Preview } from "./preview-rows";

const say = wordsOf("roboflow-video-download");

/** Keeps the table of what a download node has sent last up to date. */
export function showPreview(node: string, table: JQuery, message: JQuery): void {
  void keepUpToDate(table, async () => {
    const url = `roboflow-video/download/${encodeURIComponent(node)}/preview`;
    const answer = await call<{ ok?: true; preview?: Preview }>("GET", url);
    const preview = isRefusal(answer) ? undefined : answer.preview;
    if (!isRefusal(answer)) notice(message, "plain", preview ? described(preview) : say("preview.none"));
    else if (answer.code === "NOT_DEPLOYED") notice(message, "plain", say("preview.notDeployed"));
    else notice(message, "bad", answer.message);
    table.toggle(preview !== undefined && preview.rows.length > 0);
    if (preview) fillIn(table, preview);
  });
}

function described({ clip, at, count, rows }: Preview): string {
  const values = { clip: clip || say("preview.unnamedClip"), time: moment(new Date(at)), count };
  if (count === 0) return say("preview.nothing", values);
  return count > rows.length
    ? say("preview.firstRows", { ...values, shown: rows.length })
    : say("preview.all", values);
}

/** Text only: the names come from a result. */
function fillIn(table: JQuery, preview: Preview): void {
  const [columns, rows] =
    preview.kind === "events"
      ? [eventColumns(), preview.rows.map(eventCells)]
      : [frameColumns(), preview.rows.map(frameCells)];
  const heads = columns.map((column) => $("<th>", { scope: "col" }).text(column));
  table
    .find("thead tr")
    .empty()
    .append(...heads);
  const lines = rows.map((cells) => $("<tr>").append(...cells.map((cell) => $("<td>").text(cell))));
  table
    .find("tbody")
    .empty()
    .append(...lines);
}

const eventColumns = () => [
  say("preview.class"),
  say("preview.start"),
  say("preview.end"),
  say("preview.most"),
  say("preview.confidence"),
];

const eventCells = ({ class: name, start, end, most, confidence }: EventRow): string[] => [
  name,
  playbackTime(start),
  playbackTime(end),
  String(most),
  confidence?.toFixed(2) ?? "",
];

const frameColumns = () => [say("preview.detections"), say("preview.time"), say("preview.frame")];

const frameCells = ({ frame, time, detections, classes }: FrameRow): string[] => [
  [detections, ...classes.map(([name, count]) => `${name}: ${count}`)].join(" · "),
  time === null ? "" : playbackTime(time),
  String(frame),
];
