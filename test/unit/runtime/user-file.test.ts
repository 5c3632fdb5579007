import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { NodeAPI } from "node-red";
import { VideoError } from "../../../nodes/roboflow";
import { removeLeftovers } from "../../../nodes/runtime/leftovers";
import { UserFile } from "../../../nodes/runtime/user-file";
import { temporaryFolder, writeTo } from "../../support/recordings";

const onPosix = { skip: process.platform === "win32" ? "needs modes and links" : false };
const asRoot = { skip: process.getuid?.() === 0 ? false : "only root gives files away" };

function place(t: TestContext) {
  const userDir = temporaryFolder(t);
  const RED = { settings: { userDir } } as unknown as NodeAPI;
  const spool = path.join(userDir, "roboflow-video", ".spool");
  const notes = () => (existsSync(spool) ? readdirSync(spool) : []);
  return { RED, folder: temporaryFolder(t), spool, notes };
}

async function write(RED: NodeAPI, target: string, content: string): Promise<void> {
  const file = await UserFile.begin(RED, target);
  writeFileSync(file.unfinished, content);
  await file.finish();
  await file.discard();
}

const mode = (file: string) => statSync(file).mode & 0o7777;

describe("a file that a user has asked for", onPosix, () => {
  it("has the rights that the umask leaves, as one of core's file node", async (t) => {
    const { RED, folder } = place(t);
    const before = process.umask();
    t.after(() => process.umask(before));
    for (const umask of [0o022, 0o002, 0o077]) {
      process.umask(umask);
      const file = path.join(folder, `${umask}.json`);
      await write(RED, file, "{}");
      writeFileSync(path.join(folder, "core"), "{}");
      assert.equal(mode(file), mode(path.join(folder, "core")));
      assert.equal(mode(file), 0o666 & ~umask);
      rmSync(path.join(folder, "core"));
    }
  });

  it("keeps the mode of the one that it replaces, and is private until then", async (t) => {
    const { RED, folder } = place(t);
    const target = writeTo(folder, "result.json", "old");
    for (const rights of [0o600, 0o640, 0o664, 0o666, 0o755]) {
      chmodSync(target, rights);
      const file = await UserFile.begin(RED, target);
      assert.equal(mode(file.unfinished), 0o600);
      writeFileSync(file.unfinished, `new ${rights}`);
      assert.notEqual(readFileSync(target, "utf8"), `new ${rights}`);
      await file.finish();
      assert.equal(readFileSync(target, "utf8"), `new ${rights}`);
      assert.equal(mode(target), rights);
    }
    assert.deepEqual(readdirSync(folder), ["result.json"]);
  });

  it("keeps the owner of the one that it replaces", asRoot, async (t) => {
    const { RED, folder } = place(t);
    const target = writeTo(folder, "result.json", "old");
    chownSync(target, 1234, 2345);
    chmodSync(target, 0o640);
    await write(RED, target, "new");
    const { uid, gid } = statSync(target);
    assert.deepEqual([uid, gid, mode(target)], [1234, 2345, 0o640]);
  });

  it("is written through a symbolic link, which stays", async (t) => {
    const { RED, folder } = place(t);
    mkdirSync(path.join(folder, "card"));
    const target = writeTo(path.join(folder, "card"), "real.json", "old");
    chmodSync(target, 0o644);
    symlinkSync("card/real.json", path.join(folder, "one"));
    symlinkSync(path.join(folder, "one"), path.join(folder, "two"));
    const file = await UserFile.begin(RED, path.join(folder, "two"));
    assert.equal(path.dirname(file.unfinished), path.join(folder, "card"), "beside what is replaced");
    writeFileSync(file.unfinished, "new");
    await file.finish();
    assert.equal(readFileSync(target, "utf8"), "new");
    assert.equal(mode(target), 0o644);
    assert.equal(readlinkSync(path.join(folder, "one")), "card/real.json");
    assert.ok(lstatSync(path.join(folder, "two")).isSymbolicLink());
    assert.deepEqual(readdirSync(path.join(folder, "card")), ["real.json"]);
  });

  it("is made where a link leads to, even if nothing is there yet, and below a folder that is a link", async (t) => {
    const { RED, folder } = place(t);
    mkdirSync(path.join(folder, "disk/deep"), { recursive: true });
    symlinkSync("disk/deep", path.join(folder, "results"));
    symlinkSync("../new/real.json", path.join(folder, "disk/deep/link.json"));
    await write(RED, path.join(folder, "results/link.json"), "new");
    assert.equal(readFileSync(path.join(folder, "disk/new/real.json"), "utf8"), "new");
    assert.ok(lstatSync(path.join(folder, "disk/deep/link.json")).isSymbolicLink());
  });

  it("is not written through links that go round", async (t) => {
    const { RED, folder } = place(t);
    symlinkSync("b", path.join(folder, "a"));
    symlinkSync("a", path.join(folder, "b"));
    await assert.rejects(UserFile.begin(RED, path.join(folder, "a")), { code: "STORAGE" });
    assert.deepEqual(readdirSync(folder), ["a", "b"]);
  });

  it("does not replace one that may not be written", {
    skip: process.getuid?.() === 0 ? "root may write everything" : false,
  }, async (t) => {
    const { RED, folder } = place(t);
    const target = writeTo(folder, "result.json", "mine");
    chmodSync(target, 0o444);
    await assert.rejects(UserFile.begin(RED, target), { code: "STORAGE" });
    assert.equal(readFileSync(target, "utf8"), "mine");
  });

  it("may have the longest name that the disk takes; a longer one is INPUT, before anything is written", async (t) => {
    const { RED, folder, notes } = place(t);
    const longest = `${"x".repeat(250)}.json`;
    await write(RED, path.join(folder, longest), "{}");
    await write(RED, path.join(folder, "sub", "ö".repeat(125), longest), "{}");
    assert.deepEqual(readdirSync(folder), ["sub", longest]);
    for (const name of [
      `x${longest}`,
      `missing/x${longest}`,
      `${"ö".repeat(128)}/missing/result.json`,
      "a\0b.json",
      Array(50).fill("x".repeat(100)).join("/"),
    ])
      await assert.rejects(
        UserFile.begin(RED, path.join(folder, name)),
        (error) =>
          error instanceof VideoError && error.code === "INPUT" && error.reason === "fileNameUnusable",
        name,
      );
    assert.deepEqual(notes(), []);
  });

  it("leaves nothing when it is given up, however late, nor touches what others write meanwhile", async (t) => {
    const { RED, folder, notes } = place(t);
    const target = path.join(folder, "result.json");
    const [late, next] = [await UserFile.begin(RED, target), await UserFile.begin(RED, target)];
    writeFileSync(next.unfinished, "next");
    await late.discard();
    assert.equal(readFileSync(next.unfinished, "utf8"), "next");
    await next.finish();
    await late.discard();
    assert.deepEqual(readdirSync(folder), ["result.json"]);
    assert.equal(readFileSync(target, "utf8"), "next");
    assert.deepEqual(notes(), []);
  });
});

describe("what a kill has left", onPosix, () => {
  const gone = async (file: string) => {
    for (let turn = 0; existsSync(file); turn += 1) {
      assert.ok(turn < 1_000_000, `${file} stays`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it("is removed by the next start: unfinished files of users, and results on their way", async (t) => {
    const { RED, folder, spool, notes } = place(t);
    const file = await UserFile.begin(RED, path.join(folder, "deep/result.json"));
    writeFileSync(file.unfinished, "half");
    const spooled = writeTo(spool, "some.json", "half");
    assert.equal(notes().length, 2);
    removeLeftovers(RED);
    assert.ok(!existsSync(spooled));
    const [note = ""] = notes();
    await gone(file.unfinished);
    await gone(path.join(spool, note));
  });

  it("and nothing that is not ours, whatever the notes say", async (t) => {
    const { RED, folder, spool } = place(t);
    const file = await UserFile.begin(RED, path.join(folder, "result.json"));
    const id = path.basename(file.unfinished).slice(".roboflow-".length, -".part".length);
    await file.finish();
    // Others' files: our name with another id, the finished file, and one that a note might point at by its content.
    const others = [".roboflow-000000000000.part", `${id}.json`, "precious.json", ".roboflow-.part"];
    for (const name of others) writeTo(folder, name, "theirs");
    mkdirSync(path.join(folder, ".roboflow-aaaaaaaaaaaa.part"));
    writeTo(spool, "bbbbbbbbbbbb.unfinished", path.join(folder, "precious.json"));
    writeTo(spool, "aaaaaaaaaaaa.unfinished", folder);
    writeTo(spool, "cccccccccccc.unfinished", "");
    writeTo(spool, "dddddddddddd.unfinished", "relative");
    writeTo(spool, "zz.unfinished", folder);
    // The last to be looked at: whatever is done to the others is done when it has gone.
    writeTo(folder, ".roboflow-zz.part", "ours");
    removeLeftovers(RED);
    await gone(path.join(spool, "zz.unfinished"));
    assert.deepEqual(
      readdirSync(folder).sort(),
      [...others, ".roboflow-aaaaaaaaaaaa.part", "result.json"].sort(),
    );
    for (const name of others) assert.equal(readFileSync(path.join(folder, name), "utf8"), "theirs");
  });

  it("is looked for again while its disk is away, for 8 days", async (t) => {
    const { RED, folder, spool, notes } = place(t);
    const away = path.join(folder, "usb");
    mkdirSync(spool, { recursive: true });
    const stays = writeTo(spool, "aaaaaaaaaaaa.unfinished", away);
    const old = writeTo(spool, "bbbbbbbbbbbb.unfinished", away);
    const then = new Date(Date.now() - 9 * 24 * 3600 * 1000);
    utimesSync(old, then, then);
    removeLeftovers(RED);
    await gone(old);
    assert.deepEqual(notes(), [path.basename(stays)]);
    mkdirSync(away);
    const file = writeTo(away, ".roboflow-aaaaaaaaaaaa.part", "half");
    removeLeftovers(RED);
    await gone(stays);
    assert.ok(!existsSync(file));
  });
});
