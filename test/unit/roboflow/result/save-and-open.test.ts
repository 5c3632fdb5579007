import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import type { ServerResponse } from "node:http";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { getResult, Network, saveAndOpen, VideoError } from "../../../../nodes/roboflow";
import { unhurried } from "../../../support/client-of";
import { serve } from "../../../support/local-server";
import { quickRetries } from "../../../support/quick-retries";
import { temporaryFolder } from "../../../support/recordings";

/** A result of `frames` frames, about 100 bytes each. */
function resultOf(frames: number): Buffer {
  const column = <T>(make: (index: number) => T) => Array.from({ length: frames }, (_, index) => make(index));
  const entry = { predictions: [{ class: "person", confidence: 0.5, x: 1, y: 2, width: 3, height: 4 }] };
  return Buffer.from(
    JSON.stringify({
      people: column(() => entry),
      frame_offset: column((index) => index),
      time_offset: column((index) => index / 5),
    }),
  );
}

/** Fetches from a server that answers each request as `answer` says. */
async function fetchFrom(t: TestContext, answer: (response: ServerResponse) => void) {
  quickRetries(t);
  const server = await serve(t, (_, response) => answer(response));
  const network = new Network({ timings: { silence: 2000, idle: 2000 }, proxyFor: () => false });
  t.after(() => network.close());
  const file = path.join(temporaryFolder(t), "result.json");
  const opened = getResult(network, server.url, { signal: unhurried }, (incoming) =>
    saveAndOpen(file, incoming, { signal: unhurried, progress: () => {} }),
  );
  return { file, opened, server };
}

async function send(response: ServerResponse, bytes: Buffer, pieceSize: number): Promise<void> {
  response.setHeader("content-length", bytes.length);
  for (let at = 0; at < bytes.length; at += pieceSize) {
    response.write(bytes.subarray(at, at + pieceSize));
    await delay(1);
  }
  response.end();
}

/** Whether this process has a file open. */
const isOpen = (file: string) =>
  readdirSync("/proc/self/fd").some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === file;
    } catch {
      return false;
    }
  });
const onLinux = { skip: process.platform === "linux" ? false : "needs /proc" };

test("a result that trickles in stands open, counted, when its last byte is there", async (t) => {
  for (const frames of [1, 30_000]) {
    const bytes = resultOf(frames);
    const { opened } = await fetchFrom(t, (response) => void send(response, bytes, 99_991));
    const result = await opened;
    assert.deepEqual(result.summary, {
      frames,
      detections: frames,
      classes: { person: frames },
      nullFrames: 0,
    });
    let seen = 0;
    for await (const batch of result.batches({ minConfidence: 0, classes: [] }, { skipEmpty: false }))
      for (const { frame } of batch) assert.equal(frame, seen++);
    assert.equal(seen, frames);
    await result.close();
  }
});

test("damage is told of when it comes, not at the end of the download", onLinux, async (t) => {
  const bytes = resultOf(30_000);
  bytes.write("}", 1000);
  const { file, opened } = await fetchFrom(t, (response) => {
    // The rest never comes.
    response.setHeader("content-length", 10 * bytes.length);
    response.write(bytes);
  });
  const began = performance.now();
  await assert.rejects(opened, { code: "RESULT", reason: "resultDamaged" });
  assert.ok(performance.now() - began < 1900, "it waited for the rest");
  assert.ok(!isOpen(file));
});

test(
  "a download that is cut is made again, and what was read of the first is forgotten",
  onLinux,
  async (t) => {
    const bytes = resultOf(30_000);
    const { file, opened, server } = await fetchFrom(t, (response) => {
      if (server.seen.length > 1) return void send(response, bytes, bytes.length);
      response.setHeader("content-length", bytes.length);
      response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    });
    const result = await opened;
    assert.equal(server.seen.length, 2);
    assert.equal(result.summary.frames, 30_000);
    await result.close();
    assert.ok(!isOpen(file));
  },
);

test("one that stays cut is RESULT", onLinux, async (t) => {
  const bytes = resultOf(30_000);
  const { file, opened } = await fetchFrom(t, (response) => {
    response.setHeader("content-length", bytes.length);
    response.write(bytes.subarray(0, 2_000_000), () => response.destroy());
  });
  await assert.rejects(opened, { code: "RESULT", reason: "resultCut" });
  assert.ok(!isOpen(file));
});

test("a disk that refuses is STORAGE", async (t) => {
  const network = new Network({ proxyFor: () => false });
  t.after(() => network.close());
  const bytes = resultOf(30_000);
  const server = await serve(t, (_, response) => response.end(bytes));
  await assert.rejects(
    getResult(network, server.url, { signal: unhurried }, (incoming) =>
      saveAndOpen(path.join(temporaryFolder(t), "nowhere", "r.json"), incoming, {
        signal: unhurried,
        progress: () => {},
      }),
    ),
    (error) => error instanceof VideoError && error.code === "STORAGE",
  );
});
