import { randomUUID } from "node:crypto";
import path from "node:path";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { sleep, VideoError, withoutSecrets } from "../roboflow";
import type { ClipMessage } from "../runtime/message";
import { storageFolder } from "../runtime/paths";
import { playableClips } from "../runtime/playable";
import { Runner } from "../runtime/runner/runner";
import { checkConfig, settingsOf } from "../runtime/settings";
import { type StatusKey, text } from "../runtime/text";
import { registerFolderRoutes } from "./admin";
import { FolderMemory, type KnownClip } from "./memory";
import { type FolderOptions, folderDefaults } from "./options";
import { type Scan, scanFolder } from "./scan";
import { type FolderSettings, readSettings } from "./settings";
import { deleteClip, expired } from "./tidy";
import { FolderWatcher } from "./watcher";

/** Milliseconds between two looks into the folder: network folders send no word of a change. */
const shortestIntervalMs = 2000;
/** A look takes at most one part in so many of the time, however many files there are. */
const shareOfTime = 20;

/** Watches a folder and passes on each clip in it once, when it is finished. */
export default function folder(RED: NodeAPI): void {
  registerFolderRoutes(RED);

  function Folder(this: Node, saved: NodeDef & Partial<FolderOptions>): void {
    RED.nodes.createNode(this, saved);
    const options = { ...folderDefaults, ...saved };
    const settings = settingsOf(saved, () => readSettings(RED, options));
    const stop = new AbortController();
    this.on("close", () => stop.abort());
    const memoryFile = path.join(storageFolder(RED), ".folders", `${encodeURIComponent(this.id)}.jsonl`);
    let watcher: FolderWatcher | undefined;

    const runner = new Runner(RED, this, {
      name: "folder",
      account: "",
      resume: true,
      work: async ({ msg, signal }) => {
        await notePassed(msg, signal);
        return { msg, done: "clipPassedOn" };
      },
    });
    /** A clip goes on once that stands in the memory: else a kill would let it come again. */
    const notePassed = async ({ payload }: ClipMessage, signal: AbortSignal): Promise<void> => {
      while (!noteStorage(() => watcher?.passed(nameBelow(settings().folder, payload), Date.now())))
        await sleep(shortestIntervalMs, signal);
    };

    let isWarned = false;
    /** Writes to the memory, and warns once where the disk refuses. @returns whether it was written */
    const noteStorage = (write: () => void): boolean => {
      try {
        write();
        isWarned = false;
        return true;
      } catch {
        if (!isWarned) this.warn(text(RED, "warnings.folderMemory", { path: memoryFile }));
        isWarned = true;
        return false;
      }
    };

    const watch = async ({ use, memory, watcher }: Watch): Promise<void> => {
      await runner.restored;
      let warnedOfName = false;
      for (;;) {
        stop.signal.throwIfAborted();
        const began = performance.now();
        const scan = await scanFolder(use.folder, use).catch(() => undefined);
        let trouble: StatusKey | undefined = scan ? undefined : "folderMissing";
        if (scan?.hasUnreadableName && !warnedOfName) {
          warnedOfName = true;
          this.warn(text(RED, "warnings.nameNotUtf8"));
        }
        if (scan && !(await take(scan, { use, memory, watcher }))) trouble = "STORAGE";
        runner.showTrouble(trouble);
        const interval = Math.max(shortestIntervalMs, shareOfTime * (performance.now() - began));
        await sleep(interval, stop.signal);
      }
    };

    /** @returns whether all could be noted; what could not is not passed on, but found again by the next look */
    const take = async (scan: Scan, { use, memory, watcher }: Watch): Promise<boolean> => {
      if (!memory.knows(use.folder) && !noteStorage(() => begin(memory, use, scan))) return false;
      // What the last look has passed on is in the journal then, which is what follows goes by.
      await runner.takenIn();
      // Before anything is written: it may make the room for that.
      await tidy(scan, { use, memory, watcher });
      if (!noteStorage(() => memory.catchUp())) return false;
      const inHand = new Set(runner.inHand().map(({ payload }) => nameBelow(use.folder, payload)));
      const finished = await watcher.look(scan, performance.now(), inHand).catch((error) => {
        noteStorage(() => {
          throw error;
        });
      });
      for (const clip of finished ?? []) {
        if (stop.signal.aborted) return true;
        if (!noteStorage(() => watcher.passing(clip))) return false;
        playableClips(RED).remember(pathBelow(use.folder, clip.name));
        this.receive(messageOf(use.folder, clip.name) as never);
      }
      return finished !== undefined;
    };

    const tidy = async (scan: Scan, { use: { folder, keep }, memory, watcher }: Watch): Promise<void> => {
      if (keep.ms === 0 && keep.bytes === 0) return;
      const named = runner.filesInJournal();
      const ageOf = (clip: KnownClip) => watcher.ageOf(clip, Date.now());
      // What is not found now may be on a share that is away: it would be a new clip when that comes back.
      const there = scan.clips.flatMap(({ name }): [string, KnownClip][] => {
        const clip = memory.clips.get(name);
        return clip ? [[name, clip]] : [];
      });
      for (const [name, clip] of expired(there, keep, ageOf)) {
        if (named.has(pathBelow(folder, name))) continue;
        // What cannot be deleted now is tried again with the next look.
        const isGone = await deleteClip(folder, name, clip).catch(() => false);
        if (isGone) noteStorage(() => memory.forget([name]));
      }
    };

    checkConfig(runner, () => {
      const use = settings();
      // Read now: the runner may have clips of an earlier process to pass on before the first look.
      const memory = openMemory(memoryFile);
      watcher = new FolderWatcher(use.folder, memory, use.settleMs);
      watch({ use, memory, watcher }).catch((error) => {
        if (!stop.signal.aborted) this.error(withoutSecrets(String(error)));
      });
    });
  }
  RED.nodes.registerType("roboflow-video-folder", Folder as never);
}

interface Watch {
  use: FolderSettings;
  memory: FolderMemory;
  watcher: FolderWatcher;
}

/** A clip's path, by its name below the folder, and the name by the path. */
const pathBelow = (folder: string, name: string) => path.join(folder, ...name.split("/"));
const nameBelow = (folder: string, file: unknown) =>
  path.relative(folder, String(file)).split(path.sep).join("/");

/** What is passed on for a clip. */
function messageOf(folder: string, name: string) {
  const file = pathBelow(folder, name);
  const topic = path.posix.dirname(name);
  return {
    payload: file,
    filename: file,
    topic: topic === "." ? "" : topic,
    roboflow: { id: randomUUID(), fileName: path.posix.basename(name) },
  };
}

/** The node looks into this folder for the first time: what is there already is known, or is still to be passed on. */
function begin(memory: FolderMemory, { folder, existing }: FolderSettings, { clips, identity }: Scan): void {
  const there = existing ? [] : clips;
  memory.begin(
    { folder, identity },
    there.map(({ name, sizeBytes, modifiedMs }) => [name, { sizeBytes, modifiedMs }]),
  );
}

/** @throws VideoError STORAGE */
function openMemory(file: string): FolderMemory {
  try {
    return new FolderMemory(file);
  } catch (cause) {
    throw new VideoError("STORAGE", "cannotWrite", { values: { path: file }, cause });
  }
}
