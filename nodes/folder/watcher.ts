import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import path from "node:path";
import { isFinished } from "../media";
import type { FolderMemory, KnownClip } from "./memory";
import type { FoundClip, Scan } from "./scan";

/** A clip that is not known yet, or has changed since. */
interface Candidate {
  sizeBytes: number;
  modifiedMs: number;
  /** Monotonic time since which it is like this. */
  since: number;
  /** Monotonic time before which its index need not be looked for again. */
  notBefore: number;
}

/** A clip that is finished and was not passed on yet. */
export interface FinishedClip {
  name: string;
  known: KnownClip;
}

/** Bytes at each end of a clip that tell two of the same size apart. */
const hashedBytes = 64 * 1024;
/** Milliseconds between two looks for the index of a clip that has none yet. */
const indexRetryMs = 5000;

/** Decides, look by look, which of a folder's clips are finished and new. */
export class FolderWatcher {
  readonly #folder: string;
  readonly #memory: FolderMemory;
  readonly #settleMs: number;
  readonly #candidates = new Map<string, Candidate>();
  /** Monotonic time at which this process has passed a clip on. */
  readonly #passedHere = new WeakMap<KnownClip, number>();

  constructor(folder: string, memory: FolderMemory, settleMs: number) {
    this.#folder = folder;
    this.#memory = memory;
    this.#settleMs = settleMs;
  }

  /** Clips that are not finished yet. */
  get waiting(): number {
    return this.#candidates.size;
  }

  /**
   * Takes in what a scan has found.
   *
   * @param now monotonic milliseconds.
   * @param inHand names of clips on their way to the next node.
   * @throws the file system's error where the memory cannot be written.
   */
  async look(scan: Scan, now: number, inHand: ReadonlySet<string>): Promise<FinishedClip[]> {
    const { clips } = scan;
    this.#forgetGone(scan);
    const finished: FinishedClip[] = [];
    for (const clip of clips) {
      if (inHand.has(clip.name)) continue;
      const known = await this.#finished(clip, now);
      if (known) finished.push({ name: clip.name, known });
    }
    return finished;
  }

  /**
   * A clip is about to be passed on: noted before the journal has it, so that what is known of it outlives a kill.
   *
   * @throws the file system's error; then it is found again by the next look.
   */
  passing({ name, known }: FinishedClip): void {
    this.#memory.set(name, { ...known, pending: true });
    this.#candidates.delete(name);
  }

  /**
   * A clip is in the journal, which brings it to the next node whatever happens.
   *
   * @throws the file system's error: then it is to be called again before the clip goes on.
   */
  passed(name: string, now: number): void {
    const { pending, ...known } = this.#memory.clips.get(name) ?? {};
    if (!pending) {
      this.#memory.catchUp();
      return;
    }
    const clip = { ...(known as KnownClip), passedAt: now };
    this.#passedHere.set(clip, performance.now());
    this.#memory.set(name, clip);
  }

  /**
   * Milliseconds since a clip was passed on. The clock of a computer without a battery jumps when the network comes: that
   * makes no clip older than this process knows it to be.
   *
   * @param now milliseconds since 1970.
   */
  ageOf(clip: KnownClip, now: number): number {
    const passedHere = this.#passedHere.get(clip);
    const known = passedHere === undefined ? Number.POSITIVE_INFINITY : performance.now() - passedHere;
    return Math.min(known, now - (clip.passedAt ?? now));
  }

  async #finished(clip: FoundClip, now: number): Promise<KnownClip | undefined> {
    const { name, sizeBytes, modifiedMs } = clip;
    const remembered = this.#memory.clips.get(name);
    const before = remembered?.pending ? undefined : remembered;
    if (before?.sizeBytes === sizeBytes && before.modifiedMs === modifiedMs) {
      this.#candidates.delete(name);
      return undefined;
    }
    const candidate = this.#candidates.get(name);
    if (candidate?.sizeBytes !== sizeBytes || candidate.modifiedMs !== modifiedMs) {
      this.#candidates.set(name, { sizeBytes, modifiedMs, since: now, notBefore: 0 });
      return undefined;
    }
    if (now - candidate.since < this.#settleMs || now < candidate.notBefore || sizeBytes === 0)
      return undefined;
    const hash = await this.#hashWhenFinished(clip);
    if (hash === undefined) {
      candidate.notBefore = now + indexRetryMs;
      return undefined;
    }
    const known = { sizeBytes, modifiedMs, hash };
    if (before?.sizeBytes === sizeBytes && (before.hash === undefined || before.hash === hash)) {
      // Touched: the same clip with another time of change.
      this.#candidates.delete(name);
      const touched = { ...before, modifiedMs, hash };
      const passedHere = this.#passedHere.get(before);
      if (passedHere !== undefined) this.#passedHere.set(touched, passedHere);
      this.#memory.set(name, touched);
      return undefined;
    }
    return known;
  }

  /** The hash of a clip; undefined where it is not finished, or cannot be read now. */
  async #hashWhenFinished({ name, sizeBytes }: FoundClip): Promise<string | undefined> {
    const file = path.join(this.#folder, name);
    try {
      if (!(await isFinished(file))) return undefined;
      const handle = await open(file, "r");
      try {
        const ends = createHash("sha256");
        for (const position of [0, Math.max(0, sizeBytes - hashedBytes)]) {
          const { buffer, bytesRead } = await handle.read(
            Buffer.alloc(hashedBytes),
            0,
            hashedBytes,
            position,
          );
          ends.update(buffer.subarray(0, bytesRead));
        }
        return ends.digest("hex").slice(0, 32);
      } finally {
        await handle.close();
      }
    } catch {
      return undefined;
    }
  }

  /** Forgets clips that are gone from the folder; not those of a folder that only is away for now. */
  #forgetGone({ clips, identity, folders }: Scan): void {
    const found = new Set(clips.map(({ name }) => name));
    for (const name of this.#candidates.keys()) if (!found.has(name)) this.#candidates.delete(name);
    const known = [...this.#memory.clips.keys()];
    const gone = known.filter((name) => !found.has(name));
    // Where a share is mounted, another folder shows when it is away: none of the known clips is in that.
    const isOther = identity !== this.#memory.identity;
    if (isOther && known.length > 0 && gone.length === known.length) return;

    const holding = foldersOfAll(known.filter((name) => found.has(name)));
    const isAway = (below: string): boolean => {
      if (!folders.has(below)) return false;
      const now = folders.get(below);
      const before = this.#memory.identityOf(below);
      return now === undefined || (before !== undefined && before !== now && !holding.has(below));
    };
    const away = new Map([...foldersOfAll(gone)].map((below) => [below, isAway(below)]));
    const isGone = (name: string) => !foldersOf(name).some((below) => away.get(below));
    this.#memory.forget(gone.filter(isGone));
    this.#noteIdentities({ identity, folders, away });
  }

  /** Notes which folders the known clips are in, those that are away as they were. */
  #noteIdentities({
    identity,
    folders,
    away,
  }: Pick<Scan, "identity" | "folders"> & { away: Map<string, boolean> }) {
    const noted: Record<string, string> = {};
    for (const below of [...foldersOfAll(this.#memory.clips.keys())].sort()) {
      const now = away.get(below) ? undefined : folders.get(below);
      const identityThere = now ?? this.#memory.identityOf(below);
      if (identityThere !== undefined) noted[below] = identityThere;
    }
    this.#memory.setIdentities({ identity, folders: noted });
  }
}

/** Paths of the folders that a clip is in, below the watched one, the innermost first. */
function foldersOf(name: string): string[] {
  const folders: string[] = [];
  for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1))
    folders.push(name.slice(0, end));
  return folders;
}

/** The same of several clips: there may be very many, in few folders. */
function foldersOfAll(names: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const name of names)
    for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
      const folder = name.slice(0, end);
      // Those above it are known, too.
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  return folders;
}
