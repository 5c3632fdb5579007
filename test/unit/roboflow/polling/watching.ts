import type { TestContext } from "node:test";
import { type JobStatus, Semaphore, VideoError } from "../../../../nodes/roboflow";
import { sleep } from "../../../../nodes/roboflow/http/retry";
import { PollRateLimiter } from "../../../../nodes/roboflow/polling/rate-limiter";
import { PollSchedule } from "../../../../nodes/roboflow/polling/schedule";
import { type WatchedJob, watchJob } from "../../../../nodes/roboflow/polling/watch";
import { unhurried } from "../../../support/client-of";
import { type FakeClock, fakeClock } from "../../../support/fake-clock";

const roboflow = "https://api.roboflow.com";
export const elsewhere = "http://127.0.0.1:9001";

export const running: JobStatus = { state: "running", status: 1, answer: { status: 1 } };
export const done: JobStatus = {
  state: "done",
  status: 0,
  outputUrl: "https://s.example/r.json",
  answer: { status: 0, output_signed_url: "https://s.example/r.json" },
};

export type Answer = JobStatus | VideoError;

/** A server whose answers a test lays out, and the times at which it was asked. */
class Asked {
  readonly at: Record<string, number[]> = {};
  /** Polls that are being answered. */
  inFlight = 0;
  most = 0;
  /** Milliseconds that an answer takes. */
  takes = 0;
  /** Whether a request ends at once when it is given up. */
  canBeGivenUp = true;
  answer: (jobId: string, poll: number) => Answer = () => running;

  constructor(readonly clock: FakeClock) {}

  async ask(jobId: string, signal: AbortSignal): Promise<JobStatus> {
    this.at[jobId] ??= [];
    const polls = this.at[jobId];
    polls.push(this.clock.now());
    this.inFlight += 1;
    this.most = Math.max(this.most, this.inFlight);
    try {
      if (this.takes > 0) await sleep(this.takes, this.canBeGivenUp ? signal : unhurried);
    } finally {
      this.inFlight -= 1;
    }
    const answer = this.answer(jobId, polls.length);
    if (answer instanceof VideoError) throw answer;
    return answer;
  }
}

/** Jobs that are watched at Roboflow, or at another address, by a clock of the test's own. */
export function world(t: TestContext, { baseUrl = roboflow, interval = 60_000, atOnce = 64 } = {}) {
  const clock = fakeClock(t);
  const limiter = new PollRateLimiter(clock.now);
  const inFlight = new Semaphore(atOnce);
  const asked = new Asked(clock);
  const stillRunning: string[] = [];
  /** What the node shows: milliseconds to the next poll, and the trouble that it follows. */
  const waits: [wait: number, trouble: string | undefined][] = [];
  const stops: AbortController[] = [];
  /** A poll node of its own: a schedule, an interval, and the rate limiter of the process. */
  const node = (own: { interval?: number; baseUrl?: string; account?: string } = {}) => {
    const schedule = new PollSchedule(own.interval ?? interval, clock.now);
    const client = { baseUrl: own.baseUrl ?? baseUrl, identity: own.account ?? "mine", polls: inFlight };
    t.after(() => schedule.close());
    return (jobId: string, job: Partial<WatchedJob> = {}, stop = new AbortController()) => {
      stops.push(stop);
      return watchJob(
        { jobId, limit: Number.POSITIVE_INFINITY, takenUp: false, ...job },
        {
          client,
          interval: own.interval ?? interval,
          schedule,
          limiter,
          signal: stop.signal,
          ask: (signal) => asked.ask(jobId, signal),
          stillRunning: () => stillRunning.push(jobId),
          waiting: (wait, trouble) => waits.push([wait, trouble?.code]),
        },
      );
    };
  };
  t.after(() => {
    for (const stop of stops) stop.abort(new Error("the test is over"));
  });
  return { clock, asked, stillRunning, waits, node };
}

/** Lets a watch go on that a test never sees end. */
export const letGo = (watch: Promise<unknown>) => void watch.catch(() => {});
