import assert from "node:assert/strict";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { downloader, framesOf, yard, yardCounts } from "../support/downloads";
import { assertFailure, runNode } from "../support/helper";
import { serve } from "../support/local-server";
import { comparable, type Msg } from "../support/messages";
import { until } from "../support/node-red";
import { temporaryFolder, writeTo } from "../support/recordings";

test("file: the result is written as it came, and its path goes on", async (t) => {
  const folder = temporaryFolder(t);
  const { node, payload } = await downloader(t, {
    output: "file",
    filename: `${folder}/{{roboflow.jobId}}/{{topic}}.json`,
  });
  const { outputs } = await node.send({ payload, topic: "../../yard", roboflow: { id: "c", jobId: "j-1" } });
  const file = path.join(folder, "j-1", "______yard.json");
  const [msg] = outputs[0] as [Msg];
  assert.equal(msg.payload, file);
  assert.equal(msg.filename, file);
  assert.equal(readFileSync(file, "utf8"), JSON.stringify(yard));
  assert.deepEqual(readdirSync(path.dirname(file)), ["______yard.json"]);
  assert.deepEqual(comparable(msg.roboflow), { jobId: "j-1", ...yardCounts, times: [] });
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "file written" });
});

test("file: a relative name is resolved as core's file nodes do, an older file is replaced", async (t) => {
  const folder = temporaryFolder(t);
  const properties = { output: "file", filename: "result.json" };
  const { node, payload } = await downloader(t, properties, yard, {
    settings: { fileWorkingDirectory: folder },
  });
  for (const _ of [1, 2]) await node.send({ payload });
  assert.equal(readFileSync(path.join(folder, "result.json"), "utf8"), JSON.stringify(yard));
  assert.deepEqual(readdirSync(folder), ["result.json"]);
});

test("file: without a name it is INPUT, and what cannot be written is STORAGE", async (t) => {
  await t.test("no name", async (t) => {
    const { node, payload } = await downloader(t, { output: "file", filename: "{{nothing}}" });
    assertFailure(await node.send({ payload }), "INPUT", /No file name is set/);
  });
  await t.test("a folder of that name", async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(path.join(folder, "result.json"));
    const { node, payload } = await downloader(t, { output: "file", filename: `${folder}/result.json` });
    assertFailure(await node.send({ payload }), "STORAGE", /could not be written.*free disk space/);
    assert.deepEqual(readdirSync(folder), ["result.json"]);
  });
  await t.test("what is no file, such as a device, a pipe or a socket", async (t) => {
    const file = path.join(temporaryFolder(t), "result.json");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(file, resolve));
    t.after(() => server.close());
    const { node, payload } = await downloader(t, { output: "file", filename: file });
    assertFailure(await node.send({ payload }), "STORAGE", /could not be written.*other than a file/);
    assert.ok(statSync(file).isSocket());
  });
  for (const folder of ["/proc/no/such", "/dev/null/below"]) {
    await t.test(folder, { skip: process.platform !== "linux" }, async (t) => {
      const { node, payload } = await downloader(t, { output: "file", filename: `${folder}/result.json` });
      assertFailure(await node.send({ payload }), "STORAGE", /could not be written/);
    });
  }
});

test("file: folders that are missing are made, also by several at the same time", async (t) => {
  const folder = temporaryFolder(t);
  const { node, payload } = await downloader(t, {
    output: "file",
    filename: `${folder}/a/b/c/{{topic}}.json`,
  });
  const topics = ["1", "2", "3", "4"];
  for (const { completed } of await Promise.all(topics.map((topic) => node.send({ payload, topic }))))
    assert.ok(completed);
  assert.deepEqual(
    readdirSync(path.join(folder, "a/b/c")),
    topics.map((topic) => `${topic}.json`),
  );
});

/** What a file of this format holds, in lines. */
async function written(
  t: TestContext,
  properties: Record<string, unknown>,
  msg: Msg = {},
): Promise<string[]> {
  const file = path.join(temporaryFolder(t), "deep", "result");
  const { node, payload } = await downloader(t, { output: "file", filename: file, ...properties });
  const { outputs, completed } = await node.send({ payload, ...msg });
  assert.ok(completed);
  const [out] = outputs[0] as [Msg];
  assert.deepEqual([out.payload, out.filename], [file, file]);
  const { frames, detections, classes, nullFrames } = out.roboflow;
  assert.deepEqual({ frames, detections, classes, nullFrames }, yardCounts);
  assert.deepEqual(readdirSync(path.dirname(file)), ["result"]);
  return readFileSync(file, "utf8").split(/\r?\n/);
}

test("file: JSON Lines hold one frame per line, as output frames has them", async (t) => {
  for (const filters of [{}, { minConfidence: 0.4, classes: "person, dog", skipEmpty: true }]) {
    const frames = await framesOf(t, filters, yard);
    const lines = await written(t, { format: "jsonl", ...filters });
    assert.equal(lines.pop(), "");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      frames.map(({ payload }) => payload),
    );
  }
});

test("file: CSV holds one detection per row, with the clip and its job", async (t) => {
  const clip = { roboflow: { id: "c", fileName: "=yard.mp4", jobId: "j-1" } };
  assert.deepEqual(await written(t, { format: "csv", minConfidence: "0,4" }, clip), [
    "clip,job,model,frame,time,class,confidence,x,y,width,height",
    "'=yard.mp4,j-1,people,0,0,person,0.9,1,2,3,4",
    "'=yard.mp4,j-1,people,0,0,car,0.5,1,2,3,4",
    "'=yard.mp4,j-1,people,12,0.4,dog,0.8,1,2,3,4",
    "",
  ]);
  const foreign = { roboflow: { id: "c", fileName: 7, jobId: ["j"] } };
  assert.equal(
    (await written(t, { format: "csv", classes: "dog" }, foreign))[1],
    ",,people,12,0.4,dog,0.8,1,2,3,4",
  );
});

for (const format of ["jsonl", "csv"])
  test(`file: nothing is kept of a damaged result as ${format}, nor of a file that was there`, async (t) => {
    const folder = temporaryFolder(t);
    writeTo(folder, "result", "older");
    // Damage inside an entry, which is reached when lines before it have been written.
    const broken = JSON.stringify(yard).replace('"dog"', "dog");
    const properties = { output: "file", format, filename: `${folder}/result` };
    for (const body of [broken, broken.slice(0, -30)]) {
      const { node, payload } = await downloader(t, properties, body);
      assertFailure(await node.send({ payload }), "RESULT", /^Download result: The result is damaged/);
    }
    assert.deepEqual(readdirSync(folder), ["result"]);
    assert.equal(readFileSync(path.join(folder, "result"), "utf8"), "older");
  });

test("file: a sound result is not called damaged, whatever an earlier one has left in the message", async (t) => {
  const file = path.join(temporaryFolder(t), "result.json");
  const { node, payload } = await downloader(t, { output: "file", filename: file });
  const { outputs } = await node.send({ payload, roboflow: { id: "c", damaged: true } });
  assert.deepEqual(comparable(outputs[0]?.[0]?.roboflow), { ...yardCounts, times: [] });
});

test("file: rights as core's file node gives them; what is replaced keeps its mode, a link stays", {
  skip: process.platform === "win32",
}, async (t) => {
  const folder = temporaryFolder(t);
  const { node, payload } = await downloader(t, { output: "file", filename: `${folder}/{{topic}}` });
  assert.ok((await node.send({ payload, topic: "new.json" })).completed);
  assert.equal(statSync(path.join(folder, "new.json")).mode & 0o777, 0o666 & ~process.umask());
  chmodSync(path.join(folder, "new.json"), 0o660);
  symlinkSync("new.json", path.join(folder, "link.json"));
  const [msg] = (await node.send({ payload, topic: "link.json" })).outputs[0] as [Msg];
  assert.equal(msg.payload, path.join(folder, "link.json"));
  assert.ok(lstatSync(msg.payload).isSymbolicLink());
  assert.equal(statSync(path.join(folder, "new.json")).mode & 0o777, 0o660);
  assert.deepEqual(readdirSync(folder), ["link.json", "new.json"]);
});

test("file: a name as long as the disk takes is written; a longer one is INPUT, before anything is fetched", async (t) => {
  const folder = temporaryFolder(t);
  const { node, server, payload } = await downloader(t, {
    output: "file",
    filename: `${folder}/{{topic}}.json`,
  });
  assert.ok((await node.send({ payload, topic: "x".repeat(250) })).completed);
  assert.equal(readdirSync(folder)[0]?.length, 255);
  for (const topic of ["x".repeat(251), "\u00fc".repeat(126)])
    assertFailure(
      await node.send({ payload, topic }),
      "INPUT",
      /not a valid file name.*too long.*Correct the file name/,
    );
  assert.equal(server.seen.length, 1);
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "invalid file name" });
});

for (const [name, filename, words, status] of [
  ["that is too long", `results/${"x".repeat(256)}`, /not a valid file name.*too long/, "invalid file name"],
  ["that is empty", " ", /No file name is set/, "no file name"],
] as const)
  test(`file: a name ${name} is CONFIG at deploy time, before any job is paid for`, async (t) => {
    const settings = { fileWorkingDirectory: temporaryFolder(t) };
    const { node } = await downloader(t, { output: "file", filename }, yard, { settings });
    await appears(() => node.statuses().at(-1)?.fill === "red");
    assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: status });
    assert.equal(node.logs().filter((line) => words.test(line)).length, 1);
  });

test("file: an attempt that outlives its node on a slow disk does not touch its successor's file", async (t) => {
  const folder = temporaryFolder(t);
  const body = Buffer.from(JSON.stringify(yard));
  let answerRest = () => {};
  const server = await serve(t, (_, response) => {
    response.writeHead(200, { "content-length": body.length });
    // The successor's download stands still in the middle.
    if (server.seen.length === 1) response.end(body);
    else {
      response.write(body.subarray(0, 40));
      answerRest = () => response.end(body.subarray(40));
    }
  });
  const properties = { type: "roboflow-video-download", output: "file", filename: `${folder}/result.json` };
  const node = await runNode(t, properties, { account: false });
  const disk = await stalledDisk(t);
  const msgid = node.give({ payload: { output_signed_url: server.url } });
  await disk.stalled;
  await node.redeploy();
  await appears(() => server.seen.length === 2 && readdirSync(folder).length === 2);
  disk.release();
  // The late attempt has tidied up behind itself: its successor's file is all that is left.
  await appears(() => readdirSync(folder).length === 1);
  answerRest();
  const { completed, outputs } = await node.outcomeOf(msgid);
  assert.ok(completed);
  assert.equal(outputs[0]?.[0]?.payload, path.join(folder, "result.json"));
  assert.deepEqual(readFileSync(path.join(folder, "result.json")), body);
  assert.deepEqual(readdirSync(folder), ["result.json"]);
});

const appears = (holds: () => boolean) => until(holds, 5000, () => "it does not come");

/** Has the first write to a file stand still until it is released, as a worn SD card does. */
async function stalledDisk(t: TestContext): Promise<{ stalled: Promise<void>; release: () => void }> {
  const some = await open(path.join(temporaryFolder(t), "some"), "w");
  const handles = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  t.after(() => release());
  const write = handles.write as (...all: unknown[]) => Promise<unknown>;
  return {
    release,
    stalled: new Promise((stalls) => {
      let first = true;
      t.mock.method(handles, "write", async function (this: FileHandle, ...all: unknown[]) {
        if (first) {
          first = false;
          stalls();
          await released;
        }
        return write.apply(this, all);
      });
    }),
  };
}
