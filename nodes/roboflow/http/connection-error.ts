import { type ErrorCode, VideoError } from "../errors";
import { neverConnected } from "./never-connected";

/** The network failed before an answer was complete: code NETWORK or TIMEOUT. */
export class ConnectionError extends VideoError {
  /** Whether the server certainly has not seen the request; otherwise it may have. */
  readonly neverConnected: boolean;

  constructor(code: Extract<ErrorCode, "NETWORK" | "TIMEOUT">, host: string, cause?: unknown) {
    super(code, code === "TIMEOUT" ? "silentServer" : "network", { values: { host }, cause });
    this.neverConnected = neverConnected(cause);
  }
}

/** The error for a proxy that wants another user name or password. */
export const proxyPasswordRefused = (): VideoError =>
  new VideoError("REJECTED", "proxyPassword", { statusCode: 407 });

/** An error with a code of ours. */
export const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });
