import { type Container, headSize, identify, isFinished, withFileSource } from "../../media";
import type { Network, Semaphore } from "../../roboflow";
import type { Task } from "../../runtime/runner/step";
import type { ClipPlace } from "../clip-store";
import { fetchClip, type RemoteClip } from "./fetch-clip";

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
        isComplete: isWhole,
        canBeClip: async (file) => (await containerOf(file)) !== undefined,
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

const containerOf = (file: string): Promise<Container | undefined> =>
  withFileSource(file, async (bytes) => {
    const found = identify(await bytes.read(0, headSize));
    return "container" in found ? found.container : undefined;
  });
