import type { VideoError } from "../errors";
import { isPassing } from "../http/retry";

/** Refusals in a row that are believed: a firewall's page comes and goes, and a job just started may not show yet. */
const believedInARow = 3;

/** Decides which error of a job's polls ends the waiting. */
export class Refusals {
  #inARow = 0;

  /** A poll was answered with a status. */
  reset(): void {
    this.#inARow = 0;
  }

  /** A poll failed. @returns whether the waiting ends with it */
  endWaiting(error: VideoError): boolean {
    if (isPassing(error) || error.code === "SERVER") {
      this.#inARow = 0;
      return false;
    }
    this.#inARow += 1;
    // What is no answer to a poll is a verdict of our own: the job failed, its time is over, the account is of no use.
    const isAnswer = error.statusCode !== undefined;
    const isCertain = !isAnswer || (error.fromApi && error.code !== "NOT_FOUND");
    return isCertain || this.#inARow >= believedInARow;
  }
}
