import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { onePerNodeRed } from "./one-per-node-red";
import { remembered } from "./remembered";
import { replaceFile } from "./replace-file";

/** Lines beyond that number after which the file is written anew. */
const spareLines = 2000;
/** Characters of a path: no file system takes longer ones. */
const longestPath = 4096;

/**
 * The clips that a viewer may play: files that a node of this Node-RED has sent or found by itself. A path that merely
 * stands in a message is none, or whoever can send a message could read any video on this machine.
 *
 * Kept in one file, a path per line as JSON, written when it happens. A kill in mid-write leaves half a line, which is
 * passed over.
 */
export class PlayableClips {
  readonly #file: string;
  readonly #most: number;
  /** In order, the one remembered last at the end. */
  readonly #paths = new Set<string>();
  #lines = 0;

  constructor(file: string, most = remembered.clips) {
    this.#file = file;
    this.#most = most;
    this.#read();
  }

  /**
   * Notes a clip. Never fails: where the disk refuses, it is known until Node-RED ends.
   *
   * @param clip absolute path of a file; what is none is passed over.
   */
  remember(clip: string): void {
    if (!isClipPath(clip)) return;
    const isNew = !this.#paths.has(clip);
    this.#take(clip);
    if (!isNew) return;
    try {
      if (this.#lines >= this.#most + spareLines) this.#writeAnew();
      else {
        mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
        appendFileSync(this.#file, `${JSON.stringify(clip)}\n`, { mode: 0o600 });
        this.#lines += 1;
      }
    } catch {
      // A full disk must not keep a clip from being sent.
    }
  }

  /** Whether a node of this Node-RED has noted this file. */
  isKnown(clip: string): boolean {
    return this.#paths.has(clip);
  }

  #take(clip: string): void {
    this.#paths.delete(clip);
    this.#paths.add(clip);
    if (this.#paths.size <= this.#most) return;
    for (const oldest of this.#paths) {
      this.#paths.delete(oldest);
      break;
    }
  }

  #writeAnew(): void {
    const lines = [...this.#paths].map((clip) => `${JSON.stringify(clip)}\n`);
    replaceFile(this.#file, lines.join(""));
    this.#lines = this.#paths.size;
  }

  #read(): void {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch {
      // Missing, or unreadable: then nothing is known.
      return;
    }
    for (const line of text.split("\n")) {
      const clip = parsed(line);
      if (!isClipPath(clip)) continue;
      this.#lines += 1;
      this.#take(clip);
    }
    try {
      // Half a line at the end would swallow the next one.
      if (text !== "" && !text.endsWith("\n")) this.#writeAnew();
    } catch {
      // Then it does.
    }
  }
}

const isClipPath = (clip: unknown): clip is string =>
  typeof clip === "string" && clip.length <= longestPath && path.isAbsolute(clip);

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The clips of this Node-RED: one record per user directory, so that its file has one writer. */
export const playableClips = onePerNodeRed(
  (_, storage) => new PlayableClips(path.join(storage, ".playable.jsonl")),
);
