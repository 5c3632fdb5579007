import { Worker } from "node:worker_threads";
import type { ByteSource } from "./byte-source";
import type { Clip, Order, Reply, Report } from "./worker";

/** Megabytes of JavaScript values that a thread may hold; what it reads and writes comes on top. */
const heapLimit = 192;

/** Node.js options of the thread: none of the process's. The tests run these sources as they are, which takes a loader. */
const execArgv = __filename.endsWith(".ts") ? ["--require", "tsx/cjs"] : [];

/** The thread has ended without a result: it hung, crashed, or ran out of memory. */
export class ThreadFailed extends Error {
  constructor(
    message: string,
    /** Of the file system, where it was one of its errors. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/**
 * Has a thread of its own carry something out on a clip.
 *
 * @param quietMs milliseconds without a sign of progress after which it is ended.
 * @returns its last report.
 * @throws ThreadFailed; the signal's reason when it was aborted.
 */
export async function inThread(
  order: DistributiveOmit<Order, "clip">,
  source: ByteSource,
  {
    signal,
    quietMs,
    progress,
  }: { signal: AbortSignal; quietMs: number; progress?: (seconds: number) => void },
): Promise<Exclude<Report, { kind: "read" | "progress" | "failed" }>> {
  signal.throwIfAborted();
  const clip: Clip = { size: source.size, ...(source.fd === undefined ? {} : { fd: source.fd }) };
  const worker = new Worker(require.resolve("./worker"), {
    workerData: { ...order, clip },
    execArgv,
    resourceLimits: { maxOldGenerationSizeMb: heapLimit },
    // Whatever the library prints is nobody's business.
    stdout: true,
    stderr: true,
    env: {},
  });
  let quiet: NodeJS.Timeout | undefined;
  let abort: () => void = () => {};
  try {
    return await new Promise((resolve, reject) => {
      const isAlive = () => {
        clearTimeout(quiet);
        quiet = setTimeout(() => reject(new ThreadFailed("no progress")), quietMs);
      };
      abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      isAlive();
      let furthest = Number.NEGATIVE_INFINITY;
      worker.on("message", (report: Report) => {
        if (report.kind === "failed") reject(new ThreadFailed(report.message, report.code));
        else if (report.kind === "read") hand(worker, source, report).catch(reject);
        else if (report.kind === "progress") {
          if (report.seconds <= furthest) return;
          furthest = report.seconds;
          isAlive();
          progress?.(report.seconds);
        } else resolve(report);
      });
      worker.once("error", (error: NodeJS.ErrnoException) => reject(new ThreadFailed(error.message)));
      worker.once("exit", () => reject(new ThreadFailed("ended")));
    });
  } finally {
    clearTimeout(quiet);
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}

async function hand(
  worker: Worker,
  source: ByteSource,
  { id, position, length }: { id: number; position: number; length: number },
) {
  const bytes = await source.read(position, length);
  // A copy of its own: a slice would take the whole of the clip's memory along.
  const reply: Reply = { id, bytes: Uint8Array.from(bytes) };
  worker.postMessage(reply, [reply.bytes.buffer as ArrayBuffer]);
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
