import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

/** A file system of its own that can be filled. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /**
   * Mounts one for the time of a test.
   *
   * @returns undefined where that is not allowed, as it is to root alone: the test is skipped then.
   */
  static mount(t: TestContext, megabytes: number): SmallDisk | undefined {
    const folder = mkdtempSync(path.join(tmpdir(), "roboflow-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], {
        stdio: "ignore",
      });
    } catch {
      rmdirSync(folder);
      t.skip("a small file system cannot be mounted here");
      return undefined;
    }
    t.after(() => {
      // Also while a thread that is being ended has a file open.
      execFileSync("umount", ["--lazy", folder]);
      rmdirSync(folder);
    });
    return new SmallDisk(folder);
  }

  /** Bytes that are free. */
  get room(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Fills it, up to so many bytes; what follows ends in ENOSPC. */
  fill(left = 0): void {
    this.free();
    writeFileSync(this.#rest, Buffer.alloc(this.room - left));
  }

  /** Makes room again. */
  free(): void {
    rmSync(this.#rest, { force: true });
  }

  /** Files on it that this process has open, removed ones among them. */
  openFiles(): string[] {
    return readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const file = readlinkSync(`/proc/self/fd/${fd}`);
        return file.startsWith(this.folder) ? [file] : [];
      } catch {
        return []; // Closed meanwhile: the one that reads the list.
      }
    });
  }

  get #rest(): string {
    return path.join(this.folder, "all-the-rest");
  }
}
