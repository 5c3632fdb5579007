// What somebody who writes function nodes or a package around these nodes would write. It is compiled, never run: the
// type check and test/unit/types.test.ts do so.
import type {
  DetectionEvent,
  ErrorCode,
  EventMessage,
  FailedMessage,
  FileMessage,
  FrameMessage,
  Prediction,
  RoboflowClip,
  StartedMessage,
  StatusMessage,
  SummaryMessage,
} from "@camera-flows/node-red-roboflow-video";

/** A function node behind `events`: one line of text per event. */
export function alert(msg: EventMessage): { topic: unknown; payload: string } {
  const { class: name, start, end, most, best } = msg.payload;
  const where = best.box ? ` at ${Math.round(best.box.x)}, ${Math.round(best.box.y)}` : "";
  return {
    topic: msg.topic,
    payload: `${msg.roboflow.fileName ?? "clip"}: ${most} × ${name} from ${start} s to ${end} s${where}`,
  };
}

/** A function node behind `frames`. */
export function largest(msg: FrameMessage): Prediction | undefined {
  const area = ({ width = 0, height = 0 }: Prediction) => width * height;
  const isLast = msg.parts.index + 1 === msg.parts.count;
  const sorted = [...msg.payload.predictions].sort((a, b) => area(b) - area(a));
  return isLast || msg.payload.time === null ? undefined : sorted[0];
}

/** A function node behind `summary`. */
export const busySeconds = ({ payload }: SummaryMessage): number =>
  (payload.classes.person?.seconds ?? 0) + longest(payload.events);

const longest = (events: readonly DetectionEvent[]) => Math.max(0, ...events.map(({ duration }) => duration));

/** A function node behind Catch: whether the message may be sent again. */
export function mayBeSentAgain({ error, statusCode }: FailedMessage): boolean {
  const again: ErrorCode[] = ["NETWORK", "TIMEOUT", "SERVER", "RATE_LIMIT", "LIMIT"];
  return again.includes(error.code) && statusCode !== 501;
}

/** What the others give. */
export const facts = (msg: StartedMessage | StatusMessage | FileMessage): (string | number | undefined)[] => {
  const clip: RoboflowClip = msg.roboflow;
  return [clip.jobId, clip.video?.duration, clip.expectedFrames, clip.uploadedAt, clip.classes?.person];
};

export function wrong(msg: EventMessage, failed: FailedMessage): unknown[] {
  return [
    // @ts-expect-error An event's times are numbers.
    msg.payload.start.trim(),
    // @ts-expect-error The box may be missing.
    msg.payload.best.box.x,
    // @ts-expect-error No such code.
    failed.error.code === "OOPS",
    // @ts-expect-error A name that is not always there.
    msg.roboflow.fileName.length,
  ];
}
