import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import mqtt from "mqtt";
import { type Mosquitto, startMosquitto } from "../broker/mosquitto";
import { type Emulator, startEmulator } from "../emulator/emulator";
import { ffmpegPath } from "../emulator/video";
import { type FlowNode, type NodeRed, until } from "../support/node-red";
import { exampleNames, pressButton, readExample, runExample } from "./example";

const clip = path.join(__dirname, "..", "demo", "clip", "yard.mp4");
const apiKey = "example-key-4711";
const ours = ["upload", "start", "poll", "download"].map((step) => `roboflow-video-${step}`);
const core = [
  "tab",
  "comment",
  "inject",
  "debug",
  "catch",
  "complete",
  "function",
  "exec",
  "delay",
  "csv",
  "file",
  "file in",
  "http in",
  "http response",
  "mqtt in",
  "mqtt out",
  "mqtt-broker",
  "template",
  "switch",
  "change",
  "link in",
  "link out",
  "group",
  "join",
  "status",
];

describe("every example", () => {
  it("says in a comment what to change, and uses core nodes and ours only", () => {
    for (const name of exampleNames) {
      const nodes = readExample(name);
      assert.ok(
        nodes.some(({ type }) => type === "comment"),
        name,
      );
      for (const { type } of nodes)
        assert.ok([...core, ...ours, "roboflow-video-account"].includes(type), `${name}: ${type}`);
    }
  });

  it("leads every wire to a node, and holds no key", () => {
    for (const name of exampleNames) {
      const nodes = readExample(name);
      const ids = new Set(nodes.map(({ id }) => id));
      assert.equal(ids.size, nodes.length, name);
      for (const { wires, credentials } of nodes as (FlowNode & {
        wires?: string[][];
        credentials?: unknown;
      })[]) {
        for (const target of (wires ?? []).flat()) assert.ok(ids.has(target), `${name}: ${target}`);
        assert.equal(credentials, undefined, name);
      }
    }
  });

  it("shows each of the four nodes in some example", () => {
    const used = new Set(exampleNames.flatMap((name) => readExample(name).map(({ type }) => type)));
    for (const type of ours) assert.ok(used.has(type), type);
  });
});

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
  });
  afterEach(async () => {
    await nodeRed?.stop();
    rmSync(folder, { recursive: true, force: true });
    if (nodeRed) rmSync(nodeRed.options.userDir, { recursive: true, force: true });
    nodeRed = undefined;
  });

  const run = async (
    name: string,
    env: Record<string, string> = {},
    change?: (node: FlowNode) => Partial<FlowNode> | undefined,
  ) => {
    nodeRed = await runExample(name, { url: roboflow.url, apiKey, env, change });
    return nodeRed;
  };
  const sendsTheClip = (node: FlowNode) =>
    node.type === "inject" && node.payloadType === "str" ? { payload: clip } : undefined;
  const read = (...parts: string[]) => readFileSync(path.join(folder, ...parts), "utf8");

  it("four steps: a clip in, a message a frame out", async () => {
    const flow = await run("four-steps", {}, sendsTheClip);
    await pressButton(flow, "four-steps", "send a clip");
    const [first] = await flow.recorded("what was seen", 75);
    assert.equal(first?.msg.parts.count, 75);
    assert.ok(flow.records("what was seen").some(({ msg }) => msg.payload.classes.motion > 0));
  });

  it("public URL: no upload", async () => {
    const server = await serveFile(clip);
    try {
      const flow = await run("public-url", {}, (node) =>
        node.type === "inject" ? { payload: server.url } : undefined,
      );
      await pressButton(flow, "public-url", "a public video");
      await flow.recorded("what was seen", 1);
      assert.equal(roboflow.ledger.uploads.length, 0);
    } finally {
      server.close();
    }
  });

  it("watch folder: waits until a clip has stopped growing, takes it once, puts it into done or failed", async () => {
    const flow = await run("watch-folder", { CLIPS_FOLDER: folder }, (node) =>
      node.type === "inject" ? { repeat: "1" } : undefined,
    );
    const bytes = readFileSync(clip);
    const growing = path.join(folder, "yard.mp4");
    writeFileSync(growing, bytes.subarray(0, 1000));
    writeFileSync(path.join(folder, "broken.mp4"), "no video at all, whatever its name says");
    await new Promise((resolve) => setTimeout(resolve, 700));
    appendFileSync(growing, bytes.subarray(1000));
    await flow.recorded("done", 1);
    await flow.recorded("failed", 1);
    assert.deepEqual(readdirSync(path.join(folder, "done")), ["yard.mp4"]);
    assert.deepEqual(readdirSync(path.join(folder, "working")), []);
    assert.match(read("failed", "broken.mp4.txt"), /^INPUT: /);
    assert.ok(JSON.parse(read("results", "yard.mp4.json")).frame_offset.length > 0);
    assert.equal(roboflow.ledger.uploads[0]?.size, bytes.length);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(roboflow.ledger.jobs.length, 1);
  });

  it("RTSP camera: records a clip when something happens, and deletes old ones", async () => {
    for (let number = 0; number < 3; number += 1) {
      const old = path.join(folder, `event-2020-0${number}.mp4`);
      writeFileSync(old, Buffer.alloc(400_000));
      execFileSync("touch", ["-d", `2020-01-0${number + 1}`, old]);
    }
    const flow = await run("rtsp-camera", {
      CAMERA_URL: clip,
      SECONDS: "4",
      CLIPS_FOLDER: folder,
      FFMPEG: ffmpegPath,
      KEEP_MB: "0.5",
    });
    await pressButton(flow, "rtsp-camera", "something happened");
    const [seen] = await flow.recorded("what was seen", 1);
    assert.ok((seen?.msg.roboflow.frames as number) >= 15 && (seen?.msg.roboflow.frames as number) <= 25);
    await until(
      () => readdirSync(folder).filter((name) => name.endsWith(".mp4")).length === 2,
      5000,
      () => readdirSync(folder).join(),
    );
    assert.ok(!existsSync(path.join(folder, "event-2020-00.mp4")));
    assert.deepEqual(
      readdirSync(folder).filter((name) => /^event-2020/.test(name)),
      ["event-2020-02.mp4"],
    );
  });

  it("HTTP in: answers at once with an id, then gives status and result", async () => {
    const flow = await run("http-in", { CLIPS_FOLDER: folder });
    const curl = (...more: string[]) =>
      JSON.parse(execFileSync("curl", ["-sS", ...more], { encoding: "utf8" }));
    const posted = [
      curl("-F", `clip=@${clip}`, `${flow.url}/clips`),
      curl("--data-binary", `@${clip}`, "-H", "Content-Type: video/mp4", `${flow.url}/clips`),
    ];
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
      assert.equal(curl(`${flow.url}/clips/${id}?result`).frame_offset.length, status.frames);
    }
    assert.equal((await fetch(`${flow.url}/clips/..%2f..%2fsettings`)).status, 404);
    assert.equal((await fetch(`${flow.url}/clips/no-such-clip`)).status, 404);
    const empty = await fetch(`${flow.url}/clips`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    assert.equal(empty.status, 400);
    writeFileSync(path.join(folder, "no-video.mp4"), "x".repeat(500));
    const bad = curl("-F", `clip=@${path.join(folder, "no-video.mp4")}`, `${flow.url}/clips`);
    await until(
      () => JSON.parse(read(`${bad.id}.status.json`)).state === "failed",
      20_000,
      () => read(`${bad.id}.status.json`),
    );
    assert.equal(curl(`${flow.url}/clips/${bad.id}`).code, "INPUT");
  });

  it("alert: tells once an event, not once a frame", async () => {
    const flow = await run("alert", { ALERT_CLASS: "motion", ALERT_SECONDS: "1" }, sendsTheClip);
    await pressButton(flow, "alert", "send a clip");
    const [alert] = await flow.recorded("tell someone", 1);
    assert.match(alert?.msg.payload, /^motion seen at 0:\d\d in yard\.mp4$/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.ok(flow.records("tell someone").length <= 4, String(flow.records("tell someone").length));
  });

  it("CSV: a line a detection, and a report by class and hour", async () => {
    const flow = await run("csv-report", { REPORT_FOLDER: folder }, sendsTheClip);
    await pressButton(flow, "csv-report", "send a clip");
    await until(
      () => roboflow.ledger.of("result").length === 1,
      30_000,
      () => "no result fetched",
    );
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await pressButton(flow, "csv-report", "at 23:58");
    const [report] = await flow.recorded("report", 1);
    const [file] = readdirSync(folder).filter((name) => name.startsWith("detections-"));
    const lines = read(file as string)
      .trim()
      .split("\n");
    const hours = Object.values(report?.msg.counts.motion as Record<string, number>);
    assert.equal(
      hours.reduce((sum, count) => sum + count, 0),
      lines.length,
    );
    const counted = (file as string).replace("detections-", "report-");
    const written = () => (existsSync(path.join(folder, counted)) ? read(counted) : "");
    await until(
      () => written() !== "",
      5000,
      () => "the report is empty",
    );
    assert.match(written(), /^class,hour,detections\n"motion",\d\d,\d+\n/);
    assert.match(lines[0] as string, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,yard\.mp4,\d+,/);
  });

  it("run again: one upload, several jobs", async () => {
    const flow = await run("run-again", {}, sendsTheClip);
    await pressButton(flow, "run-again", "send a clip");
    await flow.recorded("which run saw what", 2);
    await pressButton(flow, "run-again", "once more, 1 a second");
    const runs = await flow.recorded("which run saw what", 3);
    assert.deepEqual(runs.map(({ msg }) => msg.payload.rate).sort(), [1, 2, 5]);
    assert.equal(roboflow.ledger.uploads.length, 1);
    assert.equal(new Set(runs.map(({ msg }) => msg.payload.jobId)).size, 3);
  });

  it("failures: what passes is tried again where it failed, the rest is told or set aside", async () => {
    const flow = await run("failures", { RETRY_SECONDS: "1" }, sendsTheClip);
    roboflow.fault({ kind: "signed-url", do: "answer", status: 503, count: 5 });
    await pressButton(flow, "failures", "send a clip");
    await flow.recorded("what was seen", 1, 60_000);
    assert.equal(roboflow.ledger.jobs.length, 1);
    roboflow.fault({ kind: "start", do: "answer", status: 402, message: "no credits left" });
    await pressButton(flow, "failures", "send a clip");
    const [told] = await flow.recorded("tell someone", 1);
    assert.equal(told?.msg.payload.code, "PLAN");
    roboflow.fault({ kind: "job", do: "fail", status: 3, message: "the video is broken" });
    await pressButton(flow, "failures", "send a clip");
    const [aside] = await flow.recorded("set aside", 1);
    assert.equal(aside?.msg.payload.code, "JOB_FAILED");
  });

  describe("with a broker", () => {
    let broker: Mosquitto;
    before(async () => {
      broker = await startMosquitto();
    });
    after(() => broker.stop());

    it("MQTT: detections by frame, one retained summary a clip, found by Home Assistant", async () => {
      copyFileSync(clip, path.join(folder, "gate.mp4"));
      await run("mqtt", {}, (node) =>
        node.type === "mqtt-broker" ? { port: String(broker.port) } : undefined,
      );
      const heard = new Map<string, { payload: any; retain: boolean }[]>();
      const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      client.on("message", (topic, payload, { retain }) => {
        heard.set(topic, [...(heard.get(topic) ?? []), { payload: JSON.parse(payload.toString()), retain }]);
      });
      await client.subscribeAsync(["cameras/+/detections", "cameras/+/summary", "homeassistant/#"]);
      // The example's own subscription may come a moment later than its start.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await client.publishAsync(
        "cameras/gate/clip",
        JSON.stringify({ path: path.join(folder, "gate.mp4") }),
        { qos: 1 },
      );
      await client.publishAsync("cameras/yard/clip", "/no/such/file.mp4", { qos: 1 });
      const summary = (camera: string) => heard.get(`cameras/${camera}/summary`)?.[0]?.payload;
      await until(
        () => summary("gate") && summary("yard"),
        30_000,
        () => JSON.stringify([...heard.keys()]),
      );
      assert.equal(summary("gate").frames, 75);
      assert.equal(summary("yard").code, "INPUT");
      const detections = heard.get("cameras/gate/detections") ?? [];
      assert.equal(
        detections.reduce((sum, { payload }) => sum + payload.predictions.length, 0),
        summary("gate").detections,
      );
      assert.equal(
        heard.get("homeassistant/sensor/roboflow_gate/config")?.[0]?.payload.state_topic,
        "cameras/gate/summary",
      );
      await client.endAsync();

      const late = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      const retained = new Promise((resolve) =>
        late.on("message", (topic, _payload, { retain }) => resolve([topic, retain])),
      );
      await late.subscribeAsync("cameras/gate/summary");
      assert.deepEqual(await retained, ["cameras/gate/summary", true]);
      await late.endAsync();
    });
  });
});

async function serveFile(file: string): Promise<{ url: string; close: () => void }> {
  const { createServer } = await import("node:http");
  const server = createServer((_request, response) => response.end(readFileSync(file)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/yard.mp4`,
    close: () => server.close(),
  };
}
