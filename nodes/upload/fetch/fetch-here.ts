import { stat } from "node:fs/promises";
import {
  type Container,
  headSize,
  identify,
  isFinished,
  largestTransportStream,
  withFileSource,
} from "../../media";
import type { Network, Semaphore } from "../../roboflow";
import type { Task } from "../../runtime/runner/step";
import type { ClipPlace } from "../clip-store";
import { transportStreamTooLarge } from "../source";
import { fetchClip, type RemoteClip, shownUrl, withoutLogin } from "./fetch-clip";

const megabyte = 1e6;
/** What a file is called by its container. */
const fileName = (container: Container | "unknown") =>
  `fetched.${container === "mpegts" ? "ts" : container === "unknown" ? "bin" : container}`;

/**
 * Fetches a clip from its server to this machine: again, from the start, while it is not there yet. One that an earlier
 * run has fetched whole is taken as it is: its server may have another one by now.
 *
 * @returns the path of the file.
 * @throws VideoError as {@link fetchClip}; the signal's reason.
 */
export async function fetchHere(
  clip: Omit<RemoteClip, "network">,
  { network, limit, place, task }: { network: Network; limit: Semaphore; place: ClipPlace; task: Task },
): Promise<string> {
  for (const file of await place.files()) if ((await containerOf(file)) && (await isWhole(file))) return file;
  task.working("fetching", { megabytes: 0 });
  return place.write(
    (file) =>
      fetchClip({ ...clip, network }, file, {
        signal: task.signal,
        limit,
        isComplete: async (file) => {
          const container = await containerOf(file);
          if (container && (await stat(file)).size > mostBytesOf(container))
            throw transportStreamTooLarge(shownUrl(withoutLogin(clip)));
          return isWhole(file);
        },
        mostBytes: async (file) => mostBytesOf(await containerOf(file)),
        waiting: () => task.working("waitingForClip", {}, { trouble: true }),
        progress: (bytes) => task.working("fetching", { megabytes: Math.floor(bytes / megabyte) }),
      }),
    async (file) => fileName((await containerOf(file)) ?? "unknown"),
  );
}

/** Whether a file is there to its end, as far as its container tells; an empty one is not. */
async function isWhole(file: string): Promise<boolean> {
  const isEmpty = await withFileSource(file, async ({ size }) => size === 0);
  return !isEmpty && isFinished(file);
}

/** Bytes of which something can be made: a transport stream has to be rewritten. */
function mostBytesOf(container: Container | undefined): number {
  if (container === undefined) return 0;
  return container === "mpegts" ? largestTransportStream : Number.POSITIVE_INFINITY;
}

const containerOf = (file: string): Promise<Container | undefined> =>
  withFileSource(file, async (bytes) => {
    const found = identify(await bytes.read(0, headSize));
    return "container" in found ? found.container : undefined;
  });
