import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./faults";
import type { Ledger, LedgerRequest } from "./ledger";
import type { EmulatorSettings } from "./settings";

const MIB = 1024 * 1024;

/** A place for one video in the input bucket. */
export interface Upload {
  id: string;
  name: string;
  createdAt: number;
  /** Where the bytes are; empty before they came and when they are thrown away. */
  file: string;
  /** Whether a whole body has come. */
  complete: boolean;
  /** Hex, or empty. */
  sha256: string;
}

/** What became of a body: `stopped` = given up on order of a fault, `broken` = the client went away. */
export type Reception = "complete" | "stopped" | "broken";

/** The input bucket: bodies go to disk as they come, whatever their size. */
export class Uploads {
  readonly #uploads = new Map<string, Upload>();

  constructor(
    private readonly folder: string,
    private readonly settings: EmulatorSettings,
    private readonly ledger: Ledger,
  ) {}

  create(name: string): Upload {
    const upload = { id: randomUUID(), name, createdAt: Date.now(), file: "", complete: false, sha256: "" };
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  get(id: string): Upload | undefined {
    return this.#uploads.get(id);
  }

  /** Whether an upload can no longer be run: it is kept for a week. */
  isPast(upload: Upload): boolean {
    return Date.now() > upload.createdAt + this.settings.uploadKept * 1000;
  }

  /**
   * Takes a body in. A second one replaces the first when it is complete, never before.
   * @param fault may stop the reception after some bytes, or slow it down
   * @throws what the disk says
   */
  async receive(
    upload: Upload,
    request: IncomingMessage,
    entry: LedgerRequest,
    fault: Fault | undefined,
    signal: AbortSignal,
  ): Promise<Reception> {
    const keep = !this.settings.discardUploads;
    const part = join(this.folder, `${upload.id}-${randomUUID()}`);
    const file = keep ? createWriteStream(part, { highWaterMark: MIB }) : undefined;
    const failed = file && once(file, "error").then(([error]) => Promise.reject(error));
    failed?.catch(() => {});
    const hash = this.settings.hash ? createHash("sha256") : undefined;
    const noted = {
      id: upload.id,
      name: upload.name,
      time: entry.time,
      size: 0,
      complete: false,
      sha256: "",
    };
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
      await rm(part, { force: true });
      return reception;
    }
    noted.complete = true;
    noted.sha256 = hash?.digest("hex") ?? "";
    upload.sha256 = noted.sha256;
    upload.complete = true;
    if (keep) {
      const target = join(this.folder, `${upload.id}-video`);
      await rename(part, target);
      upload.file = target;
    }
    return reception;
  }
}

/** Bytes after which a fault ends the reading of a body of `size` bytes. */
function stopsAt(fault: Fault | undefined, size: number): number {
  if (fault?.do === "reset-mid-body") return fault.afterBytes ?? Math.ceil(size / 2);
  const mayStop = fault?.do === "silent" || fault?.do === "slow";
  return mayStop && fault.afterBytes !== undefined ? fault.afterBytes : Number.POSITIVE_INFINITY;
}
