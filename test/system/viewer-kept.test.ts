import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { killAndRestart } from "../support/example";
import { injectNodes, type NodeRed, until } from "../support/node-red";
import { clipBecomes, type DescribedClip, makePlayable } from "../support/viewer";
import { flows, madeFrame, makerNode, ViewerStage, yard } from "./support/viewer";

const stage = new ViewerStage();

describe("what is kept", () => {
  it("can be opened after a kill at any moment, and is complete when the rest has come", async () => {
    const userDir = stage.newUserDir();
    makePlayable(userDir, yard);
    // Big frames, so that much is being written.
    const maker = makerNode(`for (let index = 0; index < 600; index++) node.send(frame(index, 600, 60));`);
    await stage.start({ userDir, flows: flows({}, ...injectNodes("make", ["maker"]), maker) });
    for (const wait of [5, 40, 90, 150, 230]) {
      (stage.nodeRed as NodeRed).inject("make", {}).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, wait));
      stage.nodeRed = await killAndRestart(stage.nodeRed as NodeRed);
      const list = (await (await fetch(`${stage.address}/clips`)).json()) as DescribedClip[];
      for (const { id, frames, detections } of list) {
        assert.equal(detections, frames * 60);
        if (frames > 0) assert.equal((await stage.framesKept(id)).length, frames, `after ${wait} ms`);
      }
    }
    await (stage.nodeRed as NodeRed).inject("make", {});
    const clip = await clipBecomes(stage.address, "made", ({ state }) => state === "done");
    assert.equal(clip.frames, 600);
    assert.deepEqual(
      (await stage.framesKept("made")).map(([frame]) => frame),
      Array.from({ length: 600 }, (_, frame) => frame),
    );
    const own = path.join(userDir, "roboflow-video", ".viewers", "viewer.clips");
    const files = readdirSync(own).flatMap((name) => readdirSync(path.join(own, name)));
    assert.deepEqual(
      files.filter((name) => name.endsWith(".tmp")),
      [],
    );
  });

  it("goes on across deploys of all kinds, in the middle of a clip", async () => {
    const red = await stage.start({ flows: flows() });
    const kinds = ["nodes", "flows", "full", "reload"] as const;
    const all = 25 * (kinds.length + 1);
    for (const [n, kind] of [...kinds, undefined].entries()) {
      for (let index = 25 * n; index < 25 * (n + 1); index++) await red.inject("tell", madeFrame(index, all));
      if (!kind) break;
      const started = red.output.split("Started").length;
      await red.deploy(flows({ name: `deploy ${n}` }), kind);
      await until(
        () => red.output.split("Started").length > started,
        30_000,
        () => red.output,
      );
    }
    const clip = await clipBecomes(stage.address, "made", ({ state }) => state === "done");
    assert.equal(clip.frames, all);
    assert.deepEqual(
      (await stage.framesKept("made")).map(([frame]) => frame),
      Array.from({ length: all }, (_, frame) => frame),
    );
  });

  it("is no more than so many clips, and not what was deleted by hand", async () => {
    const red = await stage.start({ flows: flows({ keepClips: 3 }) });
    for (const id of ["a", "b", "c", "d"]) await red.inject("tell", { ...madeFrame(0, 1), roboflow: { id } });
    await clipBecomes(stage.address, "d", ({ state }) => state === "done");
    const ids = async () =>
      ((await (await fetch(`${stage.address}/clips`)).json()) as DescribedClip[]).map(({ id }) => id);
    assert.deepEqual(await ids(), ["d", "c", "b"]);
    const own = path.join(red.options.userDir, "roboflow-video", ".viewers", "viewer.clips");
    assert.equal(readdirSync(own).length, 3);

    const remove = (id: string, headers: Record<string, string>, body: string | undefined = "{}") =>
      fetch(`${stage.address}/clips/${id}`, { method: "DELETE", headers, ...(body ? { body } : {}) });
    const json = { "Content-Type": "application/json" };
    const header = { "X-Requested-With": "XMLHttpRequest" };
    for (const headers of [{}, json, header, { ...json, ...header, Origin: "https://evil.example" }])
      assert.ok((await remove("c", headers)).status >= 400);
    assert.equal((await fetch(`${stage.address}/clips/c/delete`, { method: "POST" })).status, 404);
    assert.deepEqual(await ids(), ["d", "c", "b"]);
    assert.equal((await remove("c", { ...json, ...header })).status, 200);
    // There is nothing to tell: curl sends no body then.
    assert.equal((await remove("b", { ...json, ...header }, "")).status, 200);
    // What was still on its way does not bring it back.
    await red.inject("tell", { ...madeFrame(0, 1), roboflow: { id: "c" } });
    assert.deepEqual(await ids(), ["d"]);
    assert.equal(readdirSync(own).length, 1);
  });

  it("is all that can be asked for", async () => {
    const red = await stage.start({ flows: flows() });
    await red.inject("tell", { ...madeFrame(0, 1), roboflow: { id: "one" } });
    await clipBecomes(stage.address, "one", ({ state }) => state === "done");
    for (const asked of [
      "clips/unknown",
      "clips/unknown/video",
      "clips/one/clip.json",
      "clips/one/..%2Fclip.json",
      "clips/..%2F..%2Fflows_cred.json",
      "page/one/frames/99",
      "page/one/frames/..%2Fclip.json",
      "page/one/frames/-1",
      "page/one/summary/x",
      "page/%2e%2e/summary",
      "page/one/events?confidence=2",
      "package.json",
      "page.html",
      "%E0%A4%A",
    ]) {
      const answer = await fetch(`${stage.address}/${asked}`);
      assert.equal(answer.status, 404, asked);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff", asked);
      await answer.text();
    }
    const foreign = await fetch(`${stage.address}/clips`, { headers: { "Sec-Fetch-Site": "cross-site" } });
    assert.equal(foreign.status, 403);
    const page = await fetch(stage.address);
    assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'self';/);
    assert.doesNotMatch(page.headers.get("content-security-policy") ?? "", /unsafe/);
    assert.doesNotMatch(await page.text(), /https?:\/\/(?!www\.w3\.org)/, "no other host");
  });
});
