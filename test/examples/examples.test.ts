import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { runExample } from "../support/example";
import { type FlowNode, type NodeRed, until } from "../support/node-red";

const clip = path.join(__dirname, "..", "..", "demo", "clip", "yard.mp4");
const apiKey = "example-key-4711";
describe("an example, imported and used", () => {
  let roboflow: Emulator;
  let nodeRed: NodeRed | undefined;
  let folder: string;

  before(async () => {
    roboflow = await startEmulator({ apiKey, jobSeconds: 0.3 });
  });
  after(() => roboflow.close());
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "roboflow-clips-"));
    roboflow.ledger.clear();
    roboflow.clearFaults();
    roboflow.set({ jobSeconds: 0.3, resultFile: "" });
  });
  const stopNodeRed = async () => {
    await nodeRed?.stop();
    if (nodeRed) rmSync(nodeRed.options.userDir, { recursive: true, force: true });
    nodeRed = undefined;
  };
  afterEach(async () => {
    await stopNodeRed();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (name: string, folder: string) => {
    const change = ({ type }: FlowNode) =>
      type === "tab" ? { env: [{ name: "CLIPS_FOLDER", value: folder, type: "str" }] } : undefined;
    nodeRed = await runExample(name, { url: roboflow.url, apiKey, change });
    return nodeRed;
  };
  const read = (...parts: string[]) => readFileSync(path.join(folder, ...parts), "utf8");

  it("HTTP in: answers at once with an id, then gives status and result", async () => {
    roboflow.set({ jobSeconds: 1 });
    const flow = await run("http-in", folder);
    const curl = (...more: string[]) =>
      JSON.parse(execFileSync("curl", ["-sS", ...more], { encoding: "utf8" }));
    const posted = [
      curl("-F", `clip=@${clip}`, `${flow.url}/clips`),
      curl("--data-binary", `@${clip}`, "-H", "Content-Type: video/mp4", `${flow.url}/clips`),
    ];
    for (const { id } of posted)
      assert.equal(curl(`${flow.url}/clips/${id}`).state, "working", "before the end");
    for (const { id, state } of posted) {
      assert.equal(state, "working");
      await until(
        () =>
          existsSync(path.join(folder, `${id}.result.json`)) &&
          JSON.parse(read(`${id}.status.json`)).state === "finished",
        30_000,
        () => read(`${id}.status.json`),
      );
      const status = curl(`${flow.url}/clips/${id}`);
      assert.equal(status.state, "finished");
      assert.ok(status.classes.motion > 0);
      assert.equal(status.result.frame_offset.length, status.frames);
      assert.deepEqual(curl(`${flow.url}/clips/${id}?result`), status.result);
    }
    assert.equal((await fetch(`${flow.url}/clips/..%2f..%2fsettings`)).status, 404);
    assert.equal((await fetch(`${flow.url}/clips/no-such-clip`)).status, 404);
    const empty = await fetch(`${flow.url}/clips`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    assert.equal(empty.status, 400);
    assert.ok(
      "error" in curl("-F", `clip=@${clip}`, "-F", `other=@${clip}`, `${flow.url}/clips`),
      "one clip",
    );
    writeFileSync(path.join(folder, "no-video.mp4"), "x".repeat(500));
    const bad = curl("-F", `clip=@${path.join(folder, "no-video.mp4")}`, `${flow.url}/clips`);
    await until(
      () => JSON.parse(read(`${bad.id}.status.json`)).state === "failed",
      20_000,
      () => read(`${bad.id}.status.json`),
    );
    assert.equal(curl(`${flow.url}/clips/${bad.id}`).code, "INPUT");

    // A disk that cannot be written to.
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "");
    const refused = await fetch(`${flow.url}/clips`, {
      method: "POST",
      headers: { "Content-Type": "video/mp4" },
      body: readFileSync(clip),
    });
    assert.equal(refused.status, 500);
    assert.ok(!(await refused.text()).includes(folder));
  });
});
