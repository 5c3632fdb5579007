import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { withFolder } from "../support/example";
import type { NodeRed } from "../support/node-red";
import { clip, openStage } from "./stage";

const stage = openStage();

const curl = (...more: string[]) =>
  JSON.parse(execFileSync("curl", ["-sS", "--max-time", "30", ...more], { encoding: "utf8" }));

/** Asks for the state of a clip until it is one of some. */
async function stateOf(flow: NodeRed, status: string, ...states: string[]) {
  for (const end = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const answer = await fetch(`${flow.url}${status}`);
    const body = answer.ok ? ((await answer.json()) as any) : { state: `HTTP ${answer.status}` };
    if (states.includes(body.state)) return body;
    assert.ok(Date.now() < end, `${JSON.stringify(body)}\n${flow.output}`);
  }
}

describe("HTTP in, imported and used", () => {
  it("answers at once with an id, then gives status and result", async () => {
    stage.roboflow.set({ jobSeconds: 2 });
    const flow = await stage.run("http-in", (node) => withFolder(node, "/home/pi/posted", stage.folder));
    const posted = [
      curl("-F", `clip=@${clip}`, `${flow.url}/clips`),
      curl("-T", clip, "-H", "Content-Type: video/mp4", `${flow.url}/clips`),
    ];
    for (const { id, status } of posted) {
      assert.deepEqual(
        readFileSync(path.join(stage.folder, `${id}.mp4`)),
        readFileSync(clip),
        "it is on disk",
      );
      assert.equal((await stateOf(flow, status, "waiting", "running")).id, id);
    }
    for (const [index, { id, status }] of posted.entries()) {
      const done = await stateOf(flow, status, "done");
      assert.equal(done.frames, 75);
      assert.ok(done.classes.motion > 0 && done.events.length > 0 && done.jobId);
      assert.equal(done.fileName, index === 0 ? "yard.mp4" : `${id}.mp4`);
      const video = await fetch(`${flow.url}${status}/video`, { headers: { Range: "bytes=0-99" } });
      assert.equal(video.status, 206, "the viewer plays it from where it lies");
      await video.arrayBuffer();
    }
    assert.equal((await fetch(`${flow.url}/posted/clips/no-such-clip`)).status, 404);
    const textual = path.join(stage.folder, "no-video.txt");
    writeFileSync(textual, "x".repeat(500));
    const bad = await stateOf(flow, curl("-F", `clip=@${textual}`, `${flow.url}/clips`).status, "failed");
    assert.match(bad.error, /Upload video/);
    for (const nothing of [
      ["-F", "clip="],
      ["--json", "{}"],
      ["-X", "PUT", "--json", "{}"],
    ])
      assert.match(curl(...nothing, `${flow.url}/clips`).error, /no clip in it/);
    assert.equal(stage.roboflow.ledger.jobs.length, 2);
  });

  it("says so when a clip cannot be kept", async () => {
    const folder = path.join(stage.folder, "taken");
    writeFileSync(folder, "a file where the folder should be");
    const flow = await stage.run("http-in", (node) => withFolder(node, "/home/pi/posted", folder));
    const refused = await fetch(`${flow.url}/clips`, {
      method: "PUT",
      headers: { "Content-Type": "video/mp4" },
      body: readFileSync(clip),
      signal: AbortSignal.timeout(30_000),
    });
    assert.equal(refused.status, 500);
    assert.ok(!(await refused.text()).includes(folder));
    await flow.recorded("what went wrong", 1);
  });

  it("keeps no half of a clip, and says so, when the disk is full", async (t) => {
    const disk = path.join(stage.folder, "disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      return t.skip("a small file system cannot be mounted here");
    }
    try {
      const flow = await stage.run("http-in", (node) => withFolder(node, "/home/pi/posted", disk));
      const refused = await fetch(`${flow.url}/clips`, {
        method: "PUT",
        headers: { "Content-Type": "video/mp4" },
        body: readFileSync(clip),
        signal: AbortSignal.timeout(30_000),
      });
      assert.equal(refused.status, 500);
      await flow.recorded("what went wrong", 1);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      assert.equal(flow.records("what went wrong").length, 1, "one error told");
      assert.equal(stage.roboflow.ledger.uploads.length, 0);
      await stage.stop();
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
