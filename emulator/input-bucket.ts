import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./faults";
import type { Ledger, LedgerRequest } from "./ledger";
import type { EmulatorSettings } from "./settings";

const MIB = 1024 * 1024;

/** A video in storage, as the last complete PUT to its name left it. */
export interface StoredVideo {
  /** Milliseconds since 1970. */
  storedAt: number;
  /** Where the bytes are; empty when they are thrown away. */
  file: string;
  /** Hex, or empty. */
  sha256: string;
}

/** What became of a body: `stopped` = given up on order of a fault, `broken` = the client went away. */
export type Reception = "complete" | "stopped" | "broken";

/**
 * The bucket that videos are uploaded to. As in Google Cloud Storage, a video is known by its name alone: another PUT
 * to the same name replaces it. Bodies go to disk as they come, whatever their size.
 */
export class InputBucket {
  readonly #videos = new Map<string, StoredVideo>();

  constructor(
    private readonly folder: string,
    private readonly settings: EmulatorSettings,
    private readonly ledger: Ledger,
  ) {}

  /** The video of this name as it is now. */
  get(name: string): StoredVideo | undefined {
    return this.#videos.get(name);
  }

  /** Whether a video can no longer be run: it is kept for a week. */
  isPast({ storedAt }: StoredVideo): boolean {
    return Date.now() > storedAt + this.settings.uploadKept * 1000;
  }

  /**
   * Takes a body in. It replaces what has this name when it is complete, never before; a job that is reading the
   * older video goes on with that.
   * @param fault may stop the reception after some bytes, or slow it down
   * @throws what the disk says
   */
  async receive(
    name: string,
    request: IncomingMessage,
    entry: LedgerRequest,
    fault: Fault | undefined,
    signal: AbortSignal,
  ): Promise<Reception> {
    const path = this.settings.discardUploads ? "" : join(this.folder, `${randomUUID()}-video`);
    const file = path ? createWriteStream(path, { highWaterMark: MIB }) : undefined;
    const failed = file && once(file, "error").then(([error]) => Promise.reject(error));
    failed?.catch(() => {});
    const hash = this.settings.hash ? createHash("sha256") : undefined;
    const noted = { name, time: entry.time, size: 0, complete: false, sha256: "" };
    this.ledger.uploads.push(noted);

    const stopAt = stopsAt(fault, Number(request.headers["content-length"]));
    let reception: Reception = "complete";
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        entry.bytesIn = noted.size += chunk.length;
        hash?.update(chunk);
        if (file && !file.write(chunk)) await Promise.race([once(file, "drain"), failed]);
        if (noted.size >= stopAt) {
          reception = "stopped";
          break;
        }
        if (fault?.do === "slow") {
          await delay((chunk.length / (fault.bytesPerSecond ?? 1000)) * 1000, undefined, { signal });
        }
      }
    } catch (error) {
      if (file?.errored) throw error;
      reception = "broken";
    }
    if (reception === "complete" && !request.complete) reception = "broken";
    if (file) {
      file.end();
      if (!file.closed) await Promise.race([once(file, "close"), failed]);
    }
    if (reception !== "complete" || (fault && !fault.processed)) {
      if (path) await rm(path, { force: true });
      return reception;
    }
    noted.complete = true;
    noted.sha256 = hash?.digest("hex") ?? "";
    this.#videos.set(name, { storedAt: Date.now(), file: path, sha256: noted.sha256 });
    return reception;
  }
}

/** Bytes after which a fault ends the reading of a body of `size` bytes. */
function stopsAt(fault: Fault | undefined, size: number): number {
  if (fault?.do === "reset-mid-body") return fault.afterBytes ?? Math.ceil(size / 2);
  const mayStop = fault?.do === "silent" || fault?.do === "slow";
  return mayStop && fault.afterBytes !== undefined ? fault.afterBytes : Number.POSITIVE_INFINITY;
}
