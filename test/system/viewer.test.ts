import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { clipBecomes, type DescribedClip, describeClip, makePlayable } from "../browser/support/viewer";
import { killAndRestart } from "../support/example";
import {
  catchNodes,
  type FlowNode,
  injectNodes,
  NodeRed,
  type NodeRedOptions,
  recordNode,
  until,
} from "../support/node-red";

const yard = path.join(__dirname, "..", "..", "demo", "clip", "yard.mp4");
const viewerNode = (own: Record<string, unknown> = {}): FlowNode => ({
  id: "viewer",
  type: "roboflow-video-viewer",
  z: "tab",
  name: "",
  path: "/video",
  keepClips: 50,
  wires: [],
  ...own,
});
const flows = (own: Record<string, unknown> = {}, ...more: FlowNode[]): FlowNode[] => [
  { id: "tab", type: "tab", label: "test" },
  ...injectNodes("tell", ["viewer"]),
  viewerNode(own),
  ...catchNodes(),
  ...more,
];

let folder: string;
let nodeRed: NodeRed | undefined;
const address = (root = "") => `${nodeRed?.url}${root}/video`;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "viewer-system-"));
});
afterEach(async () => {
  await nodeRed?.stop();
  nodeRed = undefined;
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function start(options: Partial<NodeRedOptions> & { flows: FlowNode[] }): Promise<NodeRed> {
  nodeRed = await NodeRed.start({ userDir: mkdtempSync(path.join(folder, "nr-")), ...options });
  return nodeRed;
}

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
    const table = path.join(folder, "table.csv");
    const red = await start({
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
    const clip = await clipBecomes(address(), "yard clip/1", ({ state }) => {
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
    const own_ = await (await fetch(`${address()}/clips/yard%20clip%2F1/csv`)).text();
    assert.equal(own_, readFileSync(table, "utf8"));
    const list = (await (await fetch(`${address()}/clips`)).json()) as DescribedClip[];
    assert.deepEqual(list, [clip]);
    // The clip itself was noted by the upload node.
    const part = await fetch(`${address()}/clips/yard%20clip%2F1/video`, {
      headers: { Range: "bytes=1000-1999" },
    });
    assert.equal(part.status, 206);
    const whole = readFileSync(yard);
    assert.equal(part.headers.get("content-range"), `bytes 1000-1999/${whole.length}`);
    assert.equal(part.headers.get("content-type"), "video/mp4");
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), whole.subarray(1000, 2000));
    const past = await fetch(`${address()}/clips/yard%20clip%2F1/video`, {
      headers: { Range: `bytes=${whole.length}-` },
    });
    assert.equal(past.status, 416);
    assert.equal(past.headers.get("content-range"), `bytes */${whole.length}`);
    await red.inject("clip", { payload: "/no/such/clip.mp4", roboflow: { id: "missing" } });
    const [caught] = await red.recorded("caught");
    await red.inject("tell", { ...caught?.msg, _msgid: "x" });
    const failed = await clipBecomes(address(), "missing", ({ state }) => state === "failed");
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
    const red = await start({
      flows: flows(
        {},
        ...outputs.flatMap((output) => [
          ...injectNodes(output, [`dl-${output}`]),
          {
            ...download,
            id: `dl-${output}`,
            ...(["json", "csv"].includes(output)
              ? { output: "file", format: output, filename: path.join(folder, `out.${output}`) }
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
        const clip = await clipBecomes(address(), output, ({ state }) => state === "done");
        assert.equal(clip.frames, 20, output);
        if (output === "csv") continue;
        // Each event keeps its best detection, which is all that is drawn of it.
        assert.equal(clip.events.length, 2, output);
        assert.deepEqual(clip.classes, { person: 10 }, output);
        assert.equal(clip.detections, 10, output);
        const summary = await pageOf(output, "summary");
        const lines = await Promise.all(
          summary.windows.map(async ([number]: [number]) =>
            (await textOf(output, `frames/${number}`)).trimEnd(),
          ),
        );
        const frames = lines
          .join("\n")
          .split("\n")
          .map((line) => JSON.parse(line));
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
        const empty = await clipBecomes(address(), `no ${output}`, ({ state }) => state === "done");
        assert.deepEqual([empty.frames, empty.detections, empty.events], [0, 0, []], output);
      }
      assert.deepEqual(red.records("caught"), []);
    } finally {
      server.close();
    }
  });
});

describe("what is kept", () => {
  it("can be opened after a kill at any moment, and is complete when the rest has come", async () => {
    const userDir = mkdtempSync(path.join(folder, "nr-"));
    makePlayable(userDir, yard);
    // Big frames, so that much is being written.
    const maker = makerNode(`for (let index = 0; index < 600; index++) node.send(frame(index, 600, 60));`);
    await start({ userDir, flows: flows({}, ...injectNodes("make", ["maker"]), maker) });
    for (const wait of [5, 40, 90, 150, 230]) {
      (nodeRed as NodeRed).inject("make", {}).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, wait));
      nodeRed = await killAndRestart(nodeRed as NodeRed);
      const list = (await (await fetch(`${address()}/clips`)).json()) as DescribedClip[];
      for (const { id, frames, detections } of list) {
        assert.equal(detections, frames * 60);
        if (frames > 0) assert.equal((await framesKept(id)).length, frames, `after ${wait} ms`);
      }
    }
    await (nodeRed as NodeRed).inject("make", {});
    const clip = await clipBecomes(address(), "made", ({ state }) => state === "done");
    assert.equal(clip.frames, 600);
    assert.deepEqual(
      await framesKept("made"),
      Array.from({ length: 600 }, (_, frame) => frame),
    );
    const own = path.join(userDir, "roboflow-video", ".viewers", "viewer");
    const files = readdirSync(own).flatMap((name) => readdirSync(path.join(own, name)));
    assert.deepEqual(
      files.filter((name) => name.endsWith(".tmp")),
      [],
    );
  });

  it("goes on across deploys of all kinds, in the middle of a clip", async () => {
    const red = await start({ flows: flows() });
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
    const clip = await clipBecomes(address(), "made", ({ state }) => state === "done");
    assert.equal(clip.frames, all);
    assert.deepEqual(
      await framesKept("made"),
      Array.from({ length: all }, (_, frame) => frame),
    );
  });

  it("is no more than so many clips, and not what was deleted by hand", async () => {
    const red = await start({ flows: flows({ keepClips: 3 }) });
    for (const id of ["a", "b", "c", "d"]) await red.inject("tell", { ...madeFrame(0, 1), roboflow: { id } });
    await clipBecomes(address(), "d", ({ state }) => state === "done");
    const ids = async () =>
      ((await (await fetch(`${address()}/clips`)).json()) as DescribedClip[]).map(({ id }) => id);
    assert.deepEqual(await ids(), ["d", "c", "b"]);
    const own = path.join(red.options.userDir, "roboflow-video", ".viewers", "viewer");
    assert.equal(readdirSync(own).length, 3);

    const remove = (id: string, headers: Record<string, string>, body: string | undefined = "{}") =>
      fetch(`${address()}/clips/${id}`, { method: "DELETE", headers, ...(body ? { body } : {}) });
    const json = { "Content-Type": "application/json" };
    const header = { "X-Requested-With": "XMLHttpRequest" };
    for (const headers of [{}, json, header, { ...json, ...header, Origin: "https://evil.example" }])
      assert.ok((await remove("c", headers)).status >= 400);
    assert.equal((await fetch(`${address()}/clips/c/delete`, { method: "POST" })).status, 404);
    assert.deepEqual(await ids(), ["d", "c", "b"]);
    assert.equal((await remove("c", { ...json, ...header })).status, 200);
    // What was still on its way does not bring it back.
    await red.inject("tell", { ...madeFrame(0, 1), roboflow: { id: "c" } });
    assert.deepEqual(await ids(), ["d", "b"]);
    assert.equal(readdirSync(own).length, 2);
  });

  it("is all that can be asked for", async () => {
    const red = await start({ flows: flows() });
    await red.inject("tell", { ...madeFrame(0, 1), roboflow: { id: "one" } });
    await clipBecomes(address(), "one", ({ state }) => state === "done");
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
      const answer = await fetch(`${address()}/${asked}`);
      assert.equal(answer.status, 404, asked);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff", asked);
      await answer.text();
    }
    const foreign = await fetch(`${address()}/clips`, { headers: { "Sec-Fetch-Site": "cross-site" } });
    assert.equal(foreign.status, 403);
    const page = await fetch(address());
    assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'self';/);
    assert.doesNotMatch(page.headers.get("content-security-policy") ?? "", /unsafe/);
    assert.doesNotMatch(await page.text(), /https?:\/\/(?!www\.w3\.org)/, "no other host");
  });
});

describe("where the page is", () => {
  it("is below httpNodeRoot, behind httpNodeAuth and httpNodeMiddleware", async () => {
    const hash = "$2b$04$PuTEYgR/4SdvtEDVrfh/9eGOILPhlz//FSA2p/CJx7Cnz55SIR2hm"; // "password"
    const red = await start({
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
    const red = await start({ flows: flows({}, ...ticking("viewer")), settings: "httpNodeRoot: false," });
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
      const red = await start({ flows: both() });
      await red.waitForOutput(/\[error\] \[roboflow-video-viewer:second\] Viewer: .*another path/i);
      await red.inject("two", { ...madeFrame(0, 1) });
      const [caught] = await red.recorded("caught");
      assert.equal(caught?.msg.error.code, "CONFIG");
      await red.inject("tell", { ...madeFrame(0, 1) });
      await clipBecomes(address(), "made", ({ state }) => state === "done");
      if (n === 0) {
        await red.deploy(both("viewer"), "nodes");
        await until(
          () => red.output.includes("Started modified nodes"),
          30_000,
          () => red.output,
        );
        assert.equal(await describeClip(address(), "made"), undefined, "its own clips");
        await red.inject("two", { ...madeFrame(0, 1) });
        await clipBecomes(address(), "made", ({ state }) => state === "done");
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
    const red = await start({ flows: [{ id: "tab", type: "tab" }, ...nodes] });
    for (const n of bad.keys())
      await red.waitForOutput(new RegExp(`\\[error\\] \\[roboflow-video-viewer:bad${n}\\] Viewer: `));
  });
});

/** An inject node that sends frames by itself: without pages, there is no other way in. */
const ticking = (to: string): FlowNode[] => [
  {
    id: "tick",
    type: "inject",
    z: "tab",
    props: [{ p: "payload" }],
    payload: "x",
    payloadType: "str",
    once: true,
    onceDelay: 0.3,
    repeat: "",
    wires: [[to]],
  },
];

function madeFrame(index: number, count: number) {
  return {
    roboflow: { id: "made", jobId: "j", inferFps: 10 },
    parts: { id: "made", index, count },
    payload: {
      frame: index,
      time: index / 10,
      image: { width: 100, height: 100 },
      predictions: [{ model: "m", class: "person", confidence: 0.9, x: 50, y: 50, width: 20, height: 10 }],
      results: { m: null },
    },
  };
}

const makerNode = (body: string): FlowNode => ({
  id: "maker",
  type: "function",
  z: "tab",
  func: `const frame = (index, count, boxes) => ({
  roboflow: { id: "made", jobId: "j", inferFps: 10, videoPath: ${JSON.stringify(yard)} },
  parts: { id: "made", index, count },
  payload: { frame: index, time: index / 10, image: { width: 100, height: 100 }, results: { m: null },
    predictions: Array.from({ length: boxes }, (_, n) => ({ model: "m", class: "c" + n % 5, confidence: 0.5, x: 50 + n / 7, y: 50, width: 20, height: 10 })) },
});
${body}`,
  outputs: 1,
  libs: [],
  wires: [["viewer"]],
});

/** A person in frames 0 to 4 and 15 to 19, at 5 frames a second. */
function resultOf(frames: number) {
  const person = { class: "person", confidence: 0.9, x: 50, y: 40, width: 20, height: 10, class_id: 0 };
  const list = Array.from({ length: frames }, (_, frame) => frame);
  return {
    frame_offset: list,
    time_offset: list.map((frame) => frame / 5),
    "yard-watch": list.map((frame) => ({
      image: { width: 100, height: 80 },
      predictions: frame < 5 || frame >= 15 ? [person] : [],
    })),
  };
}

async function serve(bodyOf: (url: string) => string): Promise<Server> {
  const server = createServer((request, response) => response.end(bodyOf(request.url ?? "")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function textOf(id: string, what: string): Promise<string> {
  const answer = await fetch(`${address()}/page/${encodeURIComponent(id)}/${what}`);
  assert.equal(answer.status, 200, `${id} ${what}`);
  return answer.text();
}

const pageOf = async (id: string, what: string) => JSON.parse(await textOf(id, what));

/** Numbers of the frames that the page gets of a clip. */
async function framesKept(id: string): Promise<number[]> {
  const { windows } = await pageOf(id, "summary");
  const texts = [];
  for (const [number] of windows) texts.push(await textOf(id, `frames/${number}`));
  return texts
    .join("")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line)[0]);
}
