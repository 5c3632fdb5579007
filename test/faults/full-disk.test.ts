import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import path from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { FolderMemory } from "../../nodes/folder/memory";
import { ViewerClips } from "../../nodes/viewer/server/clips";
import { keptEvents } from "../../nodes/viewer/server/kept";
import type { KeptSummary } from "../../nodes/viewer/server/recording";
import type { StoredClip } from "../../nodes/viewer/server/stored-clip";
import viewer from "../../nodes/viewer/viewer";
import { emulatorFor, knownKey } from "../support/client-of";
import { downloader } from "../support/downloads";
import { sha256 } from "../support/emulator-calls";
import { assertFailure, runNode } from "../support/helper";
import { serve } from "../support/local-server";
import { aac, ClipMaker, h264, tone } from "../support/make-clips";
import type { Msg } from "../support/messages";
import { until } from "../support/node-red";
import { temporaryFolder } from "../support/recordings";
import { SmallDisk } from "../support/small-disk";

// A disk that becomes full while a node is at it: one error STORAGE for the message, which is as it came and can be sent
// again, and nothing left behind that takes up room.

const clips = new ClipMaker();
after(() => clips.remove());
/** A clip of two megabytes. */
const noise = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=4,noise=alls=10:allf=t"];
const file = clips.make("clip.mp4", ...noise, ...tone, ...h264, ...aac);

const disk = (t: TestContext) => SmallDisk.mount(t, 8);
/** What is left for a clip that is larger. */
const tooLittle = 300_000;

/** Notes of no message: which entry is at work, the time, what a viewer may play. */
const notes = /^\.(?:at-work|clock\.json|playable\.jsonl)$/;
const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !notes.test(entry.name))
        .map(({ parentPath, name }) => path.join(parentPath, name))
    : [];
/** What our package keeps, once the journal has let go of what is settled. */
async function leftIn(userDir: string): Promise<string[]> {
  const files = () => filesBelow(path.join(userDir, "roboflow-video"));
  await until(
    () => files().every((file) => !file.endsWith(".json")),
    30_000,
    () => files().join("\n"),
  );
  return files();
}

/** An upload node with its user directory on a small disk. */
async function uploader(t: TestContext, small: SmallDisk, properties: Record<string, unknown> = {}) {
  const emulator = await emulatorFor(t);
  const userDir = path.join(small.folder, "user");
  mkdirSync(userDir);
  const node = await runNode(
    t,
    { type: "roboflow-video-upload", ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey, userDir },
  );
  return { emulator, node, userDir };
}

describe("the disk becomes full while a clip is fetched", () => {
  const bytes = readFileSync(file);

  for (const [what, headers] of [
    ["with", { "content-length": bytes.length }],
    ["without", {}],
  ] as const)
    it(`${what} Content-Length: STORAGE at once, nothing stays, and the same message goes through later`, async (t) => {
      const small = disk(t);
      if (!small) return;
      const camera = await serve(t, (_, response: ServerResponse) => {
        response.writeHead(200, headers).end(bytes);
      });
      // It would be asked for again for an hour, if this counted as not there yet.
      const { emulator, node, userDir } = await uploader(t, small, { wait: 3600 });
      const sent = () => emulator.ledger.uploads.map((upload) => upload.sha256);
      const payload = `${camera.url}/clip.mp4`;
      small.fill(tooLittle);
      const failed = await node.send({ payload, topic: "gate" });
      assertFailure(failed, "STORAGE", /could not be written.*free disk space.*ENOSPC/);
      assert.equal(camera.seen.length, 1, "requests");
      assert.deepEqual(sent(), []);
      assert.deepEqual(await leftIn(userDir), []);
      assert.ok(small.room >= tooLittle - 20_000, `${small.room} bytes are free`);

      const { error: _, _msgid, ...again } = failed.caught as Msg;
      assert.deepEqual([again.payload, again.topic], [payload, "gate"]);
      small.free();
      const { caught } = await node.send(again);
      assert.equal(caught?.error.message, undefined);
      assert.deepEqual(sent(), [sha256(bytes)]);
    });
});

describe("the disk becomes full while a clip is rewritten", () => {
  for (const [kind, properties] of [
    ["mov", {}],
    ["ts", {}],
    ["mp4", { audio: false }],
    ["mkv", { audio: false }],
  ] as [string, Record<string, unknown>][])
    it(`${kind}: STORAGE, nothing stays, and the clip is as it was`, async (t) => {
      const small = disk(t);
      if (!small) return;
      const { emulator, node, userDir } = await uploader(t, small, properties);
      const payload = clips.make(`whole.${kind}`, "-i", file, "-c", "copy");
      const before = sha256(readFileSync(payload));
      small.fill(tooLittle);
      assertFailure(await node.send({ payload }), "STORAGE", /could not be written.*ENOSPC/);
      assert.deepEqual(emulator.ledger.uploads, []);
      assert.deepEqual(await leftIn(userDir), []);
      assert.equal(sha256(readFileSync(payload)), before);

      small.free();
      const { caught } = await node.send({ payload });
      assert.equal(caught?.error.message, undefined);
      assert.equal(emulator.ledger.uploads.length, 1);
    });
});

describe("the disk becomes full while a result is downloaded", () => {
  const entry = { time: 0.1, image: { width: 640, height: 480 }, predictions: [] };
  const frames = 20_000;
  const result = {
    frame_offset: Array.from({ length: frames }, (_, index) => index),
    time_offset: Array.from({ length: frames }, (_, index) => index / 5),
    people: Array.from({ length: frames }, () => entry),
  };
  for (const output of ["frames", "events", "summary", "results", "file"])
    it(`${output}: STORAGE, nothing stays, no frame has gone on, and it goes through later`, async (t) => {
      const small = disk(t);
      if (!small) return;
      const userDir = path.join(small.folder, "user");
      mkdirSync(userDir);
      const filename = path.join(small.folder, "results", "result.json");
      const { node, payload } = await downloader(t, { output, filename }, result, { userDir });
      small.fill(tooLittle);
      assertFailure(await node.send({ payload }), "STORAGE", /could not be written.*ENOSPC/);
      assert.deepEqual(await leftIn(userDir), []);
      assert.deepEqual(filesBelow(path.dirname(filename)), []);

      small.free();
      const { caught } = await node.send({ payload });
      assert.equal(caught?.error.message, undefined);
      if (output === "file") assert.deepEqual(JSON.parse(readFileSync(filename, "utf8")), result);
    });
});

describe("the journal has no room", () => {
  it("upload goes on in memory, with one warning; no half entry stays", async (t) => {
    const small = disk(t);
    if (!small) return;
    const { emulator, node, userDir } = await uploader(t, small);
    small.fill();
    for (const _ of [1, 2]) {
      const { outputs } = await node.send({ payload: "demo/clip/yard.mp4" });
      assert.equal(outputs[0]?.length, 1);
    }
    assert.equal(emulator.ledger.uploads.length, 2);
    assert.deepEqual(await leftIn(userDir), []);
    assert.deepEqual(
      small.openFiles().filter((file) => !file.endsWith(".at-work")),
      [],
    );
    assert.equal(node.logs().filter((line) => /cannot be recorded on disk/.test(line)).length, 1);

    small.free();
    const { outputs } = await node.send({ payload: "demo/clip/yard.mp4" });
    assert.equal(outputs[0]?.length, 1);
    assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "uploaded" });
  });

  for (const jobsPerDay of [0, 5])
    it(`start is STORAGE before anything is paid, with ${jobsPerDay} jobs per day, and starts one later`, async (t) => {
      const small = disk(t);
      if (!small) return;
      const emulator = await emulatorFor(t);
      const userDir = path.join(small.folder, "user");
      mkdirSync(userDir);
      const models = [{ modelId: "people/3", modelVersion: "", inferenceType: "object-detection" }];
      const node = await runNode(
        t,
        { type: "roboflow-video-start", models },
        { account: { baseUrl: emulator.url, jobsPerDay }, apiKey: knownKey, userDir },
      );
      const msg = { payload: `${emulator.url}/x.mp4` };
      small.fill();
      assertFailure(await node.send({ ...msg }), "STORAGE", /ENOSPC/);
      assert.deepEqual(emulator.ledger.jobs, []);
      assert.deepEqual(await leftIn(userDir), []);
      small.free();
      const { caught } = await node.send({ ...msg });
      assert.equal(caught?.error.message, undefined);
      assert.equal(emulator.ledger.jobs.length, 1);
    });
});

it("the disk becomes full while the folder node writes its memory: each clip is in it later, and none twice", (t) => {
  const small = disk(t);
  if (!small) return;
  const file = path.join(small.folder, ".folders", "node.jsonl");
  const open = () => new FolderMemory(file);
  const memory = open();
  memory.begin({ folder: "/clips", identity: "1:1" }, []);
  const names: string[] = [];
  const add = (count: number) => {
    for (let added = 0; added < count; added += 1) {
      names.push(`${names.length}-${"x".repeat(300)}.mp4`);
      memory.set(names.at(-1) as string, { sizeBytes: 1, modifiedMs: 1, passedAt: 1 });
    }
  };
  add(10);
  small.fill(10_000);
  // In the middle of a line, and again when it is written anew.
  assert.throws(() => add(100), /ENOSPC/);
  assert.throws(() => memory.catchUp(), /ENOSPC/);
  assert.ok(open().clips.size >= 10, "what was noted before is still there");
  small.free();
  memory.catchUp();
  add(1);
  assert.deepEqual([...open().clips.keys()], names);
  assert.deepEqual(readdirSync(path.dirname(file)), ["node.jsonl"]);
});

describe("the disk becomes full while the viewer records", () => {
  const count = 3000;
  const frame = (index: number) => ({
    roboflow: { id: "c", jobId: "j", fileName: "a.mp4" },
    parts: { id: "p", type: "array", index, count, len: 1 },
    payload: {
      frame: index,
      time: index / 5,
      image: { width: 640, height: 480 },
      predictions: [{ model: "people", class: "person", confidence: 0.5, x: 9, y: 9, width: 4, height: 4 }],
      classes: { person: 1 },
      results: {},
    },
  });

  it("STORAGE for each frame that it cannot take; those that it took are kept, and those alone", async (t) => {
    const small = disk(t);
    if (!small) return;
    const userDir = path.join(small.folder, "user");
    mkdirSync(userDir);
    const node = await runNode(
      t,
      { type: "roboflow-video-viewer", path: "/video" },
      { account: false, userDir, types: [viewer] },
    );
    const refused: number[] = [];
    const give = async (from: number, to: number) => {
      for (let index = from; index < to; index += 1) {
        const { caught } = await node.send(frame(index));
        if (!caught) continue;
        assert.equal(caught.error.code, "STORAGE", caught.error.message);
        assert.match(caught.error.message, /ENOSPC/);
        refused.push(index);
      }
    };
    await give(0, 100);
    assert.deepEqual(refused, []);
    small.fill();
    await give(100, 600);
    assert.ok(refused.length > 300, `${refused.length} frames refused`);
    small.free();
    const refusedWhenFull = refused.length;
    await give(600, count);
    assert.equal(refused.length, refusedWhenFull, "with room again, none is refused");

    // As it is found by the next process.
    const folder = path.join(userDir, "roboflow-video", ".viewers", `${node.id}.clips`);
    assert.deepEqual(
      filesBelow(folder).filter((file) => file.endsWith(".tmp")),
      [],
    );
    const store = new ViewerClips({ folder, keep: 50, spool: userDir, isUnderWay: () => false });
    t.after(() => store.close());
    const clip = store.get("c") as StoredClip;
    const summary = clip.summary() as KeptSummary;
    assert.equal(store.state(clip).state, "done");
    const { events } = await keptEvents(clip.folder, summary, 0, 1000);
    const kept = events.reduce((sum, event) => sum + event.frames, 0);
    assert.equal(summary.frames, kept, "what is counted is there");
    assert.ok(kept >= count - refused.length, `${kept} frames of ${count - refused.length} that were taken`);
  });

  it("nothing stays of clips that it could not begin, and they are taken later", async (t) => {
    const small = disk(t);
    if (!small) return;
    const folder = path.join(small.folder, "clips");
    const store = new ViewerClips({ folder, keep: 50, spool: temporaryFolder(t), isUnderWay: () => false });
    t.after(() => store.close());
    small.fill();
    const stage = (id: string) => ({ roboflow: { id }, payload: "job" }) as never;
    for (const id of ["a", "b", "c"]) await assert.rejects(store.take(stage(id)), /ENOSPC/);
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(store.size, 0);
    small.free();
    for (const id of ["a", "b", "c"]) await store.take(stage(id));
    assert.equal(store.size, 3);
  });
});
