import { readSync, writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type * as Mediabunny from "mediabunny";
import { CannotRewrite, copyTracks, type Library, loadLibrary, type Rewriting, readTracks } from "./library";
import type { Tracks } from "./tracks";

// A clip is read here, in a thread of its own that can be ended from outside. Files are opened and closed by the main
// thread: one that this thread had opened would stay open when it is ended.

/** What the thread is started with. */
export type Order =
  | { task: "look"; clip: Clip }
  | { task: "rewrite"; clip: Clip; target: number; rewriting: Rewriting };

/** A file by its descriptor, or bytes that the main thread hands out on request. */
export type Clip = { size: number; fd?: number };

/** What it says. */
export type Report =
  | { kind: "read"; id: number; position: number; length: number }
  | { kind: "progress"; seconds: number }
  | { kind: "tracks"; tracks: Tracks }
  | { kind: "rewritten"; soundLeftOut: boolean }
  | { kind: "cannot"; reason: CannotRewrite["reason"]; codec: string }
  | { kind: "failed"; message: string; code?: string };

/** What it is told. */
export type Reply = { id: number; bytes: Uint8Array };

/** Bytes of the file that are kept, and written at a time. */
const cacheSize = 4 * 1024 * 1024;
const chunkSize = 1024 * 1024;
/** Milliseconds between two reports of progress. */
const reportEvery = 500;

const say = (report: Report) => parentPort?.postMessage(report);

async function carryOut(order: Order): Promise<Report> {
  const library = await loadLibrary();
  const source = sourceOf(library, order.clip);
  if (order.task === "look") return { kind: "tracks", tracks: await readTracks(library, source) };
  const target = targetOf(library, order.target);
  let reported = performance.now();
  const { soundLeftOut } = await copyTracks(library, source, target, order.rewriting, (seconds) => {
    if (performance.now() - reported < reportEvery) return;
    reported = performance.now();
    say({ kind: "progress", seconds });
  });
  return { kind: "rewritten", soundLeftOut };
}

function targetOf(library: Library, fd: number): Mediabunny.Target {
  const write = ({ data, position }: Mediabunny.StreamTargetChunk) => {
    // A disk that is nearly full may take only a part.
    for (let done = 0; done < data.length; )
      done += writeSync(fd, data, done, data.length - done, position + done);
  };
  return new library.StreamTarget(new WritableStream({ write }), { chunked: true, chunkSize });
}

function sourceOf(library: Library, { size, fd }: Clip): Mediabunny.Source {
  const common = { getSize: () => size, maxCacheSize: cacheSize };
  if (fd !== undefined)
    return new library.CustomSource({
      ...common,
      read: (start, end) => {
        const bytes = new Uint8Array(end - start);
        readSync(fd, bytes, 0, bytes.length, start);
        return bytes;
      },
      prefetchProfile: "fileSystem",
    });
  const waiting = new Map<number, (bytes: Uint8Array) => void>();
  let asked = 0;
  parentPort?.on("message", ({ id, bytes }: Reply) => {
    waiting.get(id)?.(bytes);
    waiting.delete(id);
  });
  return new library.CustomSource({
    ...common,
    read: (start, end) =>
      new Promise((resolve) => {
        asked += 1;
        waiting.set(asked, resolve);
        say({ kind: "read", id: asked, position: start, length: end - start });
      }),
  });
}

carryOut(workerData as Order)
  .catch((error): Report => {
    if (error instanceof CannotRewrite) return { kind: "cannot", reason: error.reason, codec: error.codec };
    const { code } = error as { code?: unknown };
    return { kind: "failed", message: String(error), ...(typeof code === "string" ? { code } : {}) };
  })
  .then(say)
  .then(() => parentPort?.close());
