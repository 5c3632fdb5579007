import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { injectNodes, recordNode, until } from "../support/node-red";
import { clipBecomes, type DescribedClip, describeClip, viewerNode } from "../support/viewer";
import { flows, madeFrame, resultOf, serve, ticking, ViewerStage, yard } from "./support/viewer";

const stage = new ViewerStage();

describe("a clip on its way through the nodes", () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await startEmulator({ jobSeconds: 1 });
  });
  after(() => emulator.close());

  it("is shown as it is, and told to programs with what the download node says of it", async () => {
    const own = { z: "tab", account: "acc" };
    const download = {
      ...own,
      type: "roboflow-video-download",
      url: "payload.output_signed_url",
      urlType: "msg",
    };
    const table = path.join(stage.folder, "table.csv");
    const red = await stage.start({
      flows: flows(
        {},
        ...injectNodes("clip", ["up"]),
        { id: "acc", type: "roboflow-video-account", baseUrl: emulator.url },
        {
          ...own,
          id: "up",
          type: "roboflow-video-upload",
          video: "payload",
          videoType: "msg",
          wires: [["st", "viewer"]],
        },
        {
          ...own,
          id: "st",
          type: "roboflow-video-start",
          inputUrl: "payload",
          inputUrlType: "msg",
          inferFps: 5,
          inferFpsType: "num",
          models: [
            { modelId: "boxes", modelVersion: "1", inferenceType: "object-detection", confidence: 0.2 },
          ],
          wires: [["po", "viewer"]],
        },
        {
          ...own,
          id: "po",
          type: "roboflow-video-poll",
          jobId: "payload",
          jobIdType: "msg",
          interval: 0.2,
          wires: [["frames", "events", "csv", "viewer"], ["viewer"]],
        },
        { ...download, id: "frames", output: "frames", wires: [["viewer"]] },
        { ...download, id: "events", output: "summary", wires: [["record-summary"]] },
        { ...download, id: "csv", output: "file", format: "csv", filename: table, wires: [["record-csv"]] },
        recordNode("summary"),
        recordNode("csv"),
      ),
      credentials: { acc: { apiKey: emulator.settings.apiKey } },
      env: { no_proxy: "127.0.0.1", NO_PROXY: "127.0.0.1" },
    });
    await red.inject("clip", { payload: yard, roboflow: { id: "yard clip/1" } });
    const seen = new Set<string>();
    const clip = await clipBecomes(stage.address, "yard clip/1", ({ state }) => {
      seen.add(state);
      return state === "done";
    });
    assert.ok(seen.has("waiting") || seen.has("running"), [...seen].join());
    const [summary] = await red.recorded("summary");
    const { frames, detections, events } = summary?.msg.payload ?? {};
    assert.ok(events.length > 0);
    assert.deepEqual(clip, {
      id: "yard clip/1",
      fileName: "yard.mp4",
      state: "done",
      jobId: summary?.msg.roboflow.jobId,
      frames,
      detections,
      classes: summary?.msg.roboflow.classes,
      events,
      error: null,
    });
    await red.recorded("csv");
    const own_ = await (await fetch(`${stage.address}/clips/yard%20clip%2F1/csv`)).text();
    assert.equal(own_, readFileSync(table, "utf8"));
    const list = (await (await fetch(`${stage.address}/clips`)).json()) as DescribedClip[];
    assert.deepEqual(list, [clip]);
    // The clip itself was noted by the upload node.
    const part = await fetch(`${stage.address}/clips/yard%20clip%2F1/video`, {
      headers: { Range: "bytes=1000-1999" },
    });
    assert.equal(part.status, 206);
    const whole = readFileSync(yard);
    assert.equal(part.headers.get("content-range"), `bytes 1000-1999/${whole.length}`);
    assert.equal(part.headers.get("content-type"), "video/mp4");
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), whole.subarray(1000, 2000));
    const past = await fetch(`${stage.address}/clips/yard%20clip%2F1/video`, {
      headers: { Range: `bytes=${whole.length}-` },
    });
    assert.equal(past.status, 416);
    assert.equal(past.headers.get("content-range"), `bytes */${whole.length}`);
    await red.inject("clip", { payload: "/no/such/clip.mp4", roboflow: { id: "missing" } });
    const [caught] = await red.recorded("caught");
    await red.inject("tell", { ...caught?.msg, _msgid: "x" });
    const failed = await clipBecomes(stage.address, "missing", ({ state }) => state === "failed");
    assert.equal(failed.error, caught?.msg.error.message);
    assert.doesNotMatch(red.output, /\[error\] \[roboflow-video-viewer/);
  });

  it("is shown whatever output the download node has, also when its result is empty", async () => {
    const results: Record<string, object> = {
      "/full": resultOf(20),
      "/empty": { frame_offset: [], time_offset: [], "yard-watch": [] },
    };
    const server = await serve((url) => JSON.stringify(results[url]));
    const download = {
      z: "tab",
      type: "roboflow-video-download",
      url: "payload",
      urlType: "msg",
      wires: [["viewer"]],
    };
    const outputs = ["frames", "results", "events", "summary", "json", "csv"];
    const red = await stage.start({
      flows: flows(
        {},
        ...outputs.flatMap((output) => [
          ...injectNodes(output, [`dl-${output}`]),
          {
            ...download,
            id: `dl-${output}`,
            ...(["json", "csv"].includes(output)
              ? { output: "file", format: output, filename: path.join(stage.folder, `out.${output}`) }
              : { output }),
          },
        ]),
      ),
    });
    const { port } = server.address() as AddressInfo;
    try {
      for (const output of outputs) {
        const roboflow = { id: output, jobId: `job ${output}`, inferFps: 5 };
        await red.inject(output, { payload: `http://127.0.0.1:${port}/full`, roboflow });
        const clip = await clipBecomes(stage.address, output, ({ state }) => state === "done");
        assert.equal(clip.frames, 20, output);
        if (output === "csv") continue;
        // Each event keeps its best detection, which is all that is drawn of it.
        assert.equal(clip.events.length, 2, output);
        assert.deepEqual(clip.classes, { person: 10 }, output);
        assert.equal(clip.detections, 10, output);
        const frames = await stage.framesKept(output);
        assert.equal(frames.length, ["events", "summary"].includes(output) ? 2 : 20, output);
        assert.deepEqual(frames.find(([, , seen]) => seen.length > 0)?.[2], [[0, 0.9, [50, 40, 20, 10]]]);

        await red.inject("tell", {
          roboflow: { id: `no ${output}` },
          payload: { status: 0, output_signed_url: "x" },
        });
        await red.inject(output, {
          payload: `http://127.0.0.1:${port}/empty`,
          roboflow: { id: `no ${output}` },
        });
        const empty = await clipBecomes(stage.address, `no ${output}`, ({ state }) => state === "done");
        assert.deepEqual([empty.frames, empty.detections, empty.events], [0, 0, []], output);
      }
      assert.deepEqual(red.records("caught"), []);
    } finally {
      server.close();
    }
  });
});

describe("where the page is", () => {
  it("is below httpNodeRoot, behind httpNodeAuth and httpNodeMiddleware", async () => {
    const hash = "$2b$04$PuTEYgR/4SdvtEDVrfh/9eGOILPhlz//FSA2p/CJx7Cnz55SIR2hm"; // "password"
    const red = await stage.start({
      flows: [...flows(), { id: "other", type: "tab", label: "x" }],
      settings: `httpNodeRoot: "/pages/",
        httpNodeAuth: { user: "guard", pass: ${JSON.stringify(hash)} },
        httpNodeMiddleware: (req, res, next) => req.query.stop ? res.sendStatus(418) : next(),`,
    });
    const login = { Authorization: `Basic ${Buffer.from("guard:password").toString("base64")}` };
    const status = async (at: string, headers = {}) => {
      const answer = await fetch(`${red.url}${at}`, { headers, redirect: "manual" });
      await answer.text();
      return answer.status;
    };
    for (const at of [
      "/pages/video",
      "/pages/video/clips",
      "/pages/video/page/clips",
      "/pages/video/page.js",
    ])
      assert.equal(await status(at), 401, at);
    for (const at of [
      "/pages/video",
      "/pages/video/clips",
      "/pages/video/page/clips",
      "/pages/video/page.js",
    ])
      assert.equal(await status(at, login), 200, at);
    assert.equal(await status("/pages/video/", login), 302);
    assert.equal(await status("/pages/video/clips?stop=1", login), 418);
    assert.equal(await status("/video", login), 404);
    const access = await (await fetch(`${red.url}/roboflow-video/viewer/access`)).json();
    assert.deepEqual(access, { root: "/pages/", guard: "password" });
  });

  it("is nowhere when httpNodeRoot is false, and the node says so", async () => {
    const red = await stage.start({
      flows: flows({}, ...ticking("viewer")),
      settings: "httpNodeRoot: false,",
    });
    await red.waitForOutput(/\[error\] \[roboflow-video-viewer:viewer\] Viewer: .*httpNodeRoot/);
    const [caught] = await red.recorded("caught");
    assert.equal(caught?.msg.error.code, "CONFIG");
    assert.match(caught?.msg.error.message, /httpNodeRoot/);
  });

  it("is one viewer's: a second one on the path, or on one below it, says so until the first is gone", async () => {
    for (const [n, second] of ["/video", "video/", "/video/clips"].entries()) {
      const both = (...gone: string[]) =>
        [
          ...flows(
            { id: "viewer" },
            viewerNode({ id: "second", path: second }),
            ...injectNodes("two", ["second"]),
          ),
        ].filter(({ id }) => !gone.includes(id));
      const red = await stage.start({ flows: both() });
      await red.waitForOutput(/\[error\] \[roboflow-video-viewer:second\] Viewer: .*another path/i);
      await red.inject("two", { ...madeFrame(0, 1) });
      const [caught] = await red.recorded("caught");
      assert.equal(caught?.msg.error.code, "CONFIG");
      await red.inject("tell", { ...madeFrame(0, 1) });
      await clipBecomes(stage.address, "made", ({ state }) => state === "done");
      if (n === 0) {
        await red.deploy(both("viewer"), "nodes");
        await until(
          () => red.output.includes("Started modified nodes"),
          30_000,
          () => red.output,
        );
        assert.equal(await describeClip(stage.address, "made"), undefined, "its own clips");
        await red.inject("two", { ...madeFrame(0, 1) });
        await clipBecomes(stage.address, "made", ({ state }) => state === "done");
      }
      await red.stop();
    }
  });

  it("has to be a path, and the number of clips a number", async () => {
    const bad = [
      { path: "/a b" },
      { path: "/../x" },
      { path: "" },
      { path: "/:id" },
      { path: "/video", keepClips: "many" },
      { path: "/video", keepClips: 0 },
    ];
    const nodes = bad.map((own, n) => viewerNode({ id: `bad${n}`, ...own }));
    const red = await stage.start({ flows: [{ id: "tab", type: "tab" }, ...nodes] });
    for (const n of bad.keys())
      await red.waitForOutput(new RegExp(`\\[error\\] \\[roboflow-video-viewer:bad${n}\\] Viewer: `));
  });
});
