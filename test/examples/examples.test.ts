import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import mqtt from "mqtt";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { ffmpegPath } from "../../emulator/video";
import type { ErrorCode } from "../../nodes/roboflow/errors";
import { killAndRestart, pressButton, runExample } from "../support/example";
import { type Mosquitto, startMosquitto } from "../support/mosquitto";
import { type FlowNode, injectNodes, type NodeRed, until } from "../support/node-red";
import { startRtspCamera } from "./rtsp-camera";

const clip = path.join(__dirname, "..", "..", "demo", "clip", "yard.mp4");
const apiKey = "example-key-4711";
/** What the example "failures" does with each code. */
const meaning: Record<ErrorCode, "again" | "tell" | "aside"> = {
  NETWORK: "again",
  TIMEOUT: "again",
  SERVER: "again",
  RATE_LIMIT: "again",
  ABORTED: "again",
  JOB_TIMEOUT: "again",
  RESULT: "again",
  CONFIG: "tell",
  AUTH: "tell",
  PLAN: "tell",
  LIMIT: "tell",
  STORAGE: "tell",
  START_UNCERTAIN: "tell",
  INPUT: "aside",
  NOT_FOUND: "aside",
  REJECTED: "aside",
  JOB_FAILED: "aside",
  RESULT_TOO_LARGE: "aside",
};
const codes = Object.keys(meaning) as ErrorCode[];

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

  it("RTSP camera: records a clip when something happens, and deletes old ones", async () => {
    const old = (number: number) => `event-2020-0${number}.mp4`;
    for (const number of [1, 2, 3]) {
      for (const name of [old(number), `${old(number)}.json`]) {
        writeFileSync(path.join(folder, name), Buffer.alloc(200_000));
        utimesSync(path.join(folder, name), new Date(`2020-01-0${number}`), new Date(`2020-01-0${number}`));
      }
    }
    const camera = await startRtspCamera(clip);
    try {
      const flow = await run("rtsp-camera", {
        CAMERA_URL: camera.url,
        SECONDS: "4",
        CLIPS_FOLDER: folder,
        FFMPEG: ffmpegPath,
        KEEP_MB: "0.5",
      });
      await pressButton(flow, "rtsp-camera", "something happened");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await pressButton(flow, "rtsp-camera", "something happened");
      const [seen] = await flow.recorded("what was seen", 1);
      const frames: number = seen?.msg.roboflow.frames;
      assert.ok(frames >= 17 && frames <= 28, `${frames} frames of 4 seconds`);
      assert.equal(camera.plays, 1, "what happens during a recording is on the same clip");
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith("event-2020")),
        [old(3), `${old(3)}.json`],
      );
    } finally {
      camera.close();
    }
  });

  it("RTSP camera: says what is wrong, without the password, and holds the bound all the same", async () => {
    const env = { CAMERA_URL: "rtsp://me:s3cret@127.0.0.1:9/x", CLIPS_FOLDER: folder, KEEP_MB: "0.1" };
    writeFileSync(path.join(folder, "event-2020-01.mp4"), Buffer.alloc(200_000));
    const press = async (more: Record<string, string>) => {
      await stopNodeRed();
      const flow = await run("rtsp-camera", { ...env, ...more });
      await pressButton(flow, "rtsp-camera", "something happened");
      const [wrong] = await flow.recorded("what went wrong", 1);
      assert.deepEqual(readdirSync(folder), []);
      return wrong?.msg.error.message as string;
    };
    assert.match(await press({ FFMPEG: "/no/such/ffmpeg" }), /not found.*FFMPEG/);
    const refused = await press({ FFMPEG: ffmpegPath });
    assert.match(refused, /Connection refused.*CAMERA_URL/);
    assert.doesNotMatch(refused, /s3cret/);
  });

  it("HTTP in: answers at once with an id, then gives status and result", async () => {
    roboflow.set({ jobSeconds: 1 });
    const flow = await run("http-in", { CLIPS_FOLDER: folder });
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

  it("run again: one upload, several jobs, also after a restart, within its week", async () => {
    const remembered = path.join(folder, "upload.json");
    const flow = await run("run-again", { UPLOAD_FILE: remembered }, sendsTheClip);
    const again = (target: NodeRed) => pressButton(target, "run-again", "once more, 1 a second");
    await again(flow);
    assert.match((await flow.recorded("what went wrong", 1))[0]?.msg.error.message, /Nothing was uploaded/);
    await pressButton(flow, "run-again", "send a clip");
    await flow.recorded("which run saw what", 2);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    nodeRed = await killAndRestart(flow);
    await again(nodeRed);
    // What had just been sent may come a second time.
    const runs = new Map<string, number>();
    await until(
      () => {
        for (const { msg } of nodeRed?.records("which run saw what") ?? [])
          runs.set(msg.payload.jobId, msg.payload.rate);
        return runs.size === 3;
      },
      15_000,
      () => JSON.stringify([...runs]),
    );
    assert.deepEqual([...runs.values()].sort(), [1, 2, 5]);
    assert.equal(roboflow.ledger.uploads.length, 1);

    const upload = JSON.parse(readFileSync(remembered, "utf8"));
    writeFileSync(remembered, JSON.stringify({ ...upload, uploadedAt: "2020-01-01T00:00:00.000Z" }));
    await again(nodeRed);
    assert.match((await nodeRed.recorded("what went wrong", 2))[1]?.msg.error.message, /week is over/);
    assert.equal(roboflow.ledger.jobs.length, 3);
  });

  it("failures: what passes is tried again where it failed, the rest is told or set aside", async () => {
    const flow = await run("failures", { RETRY_SECONDS: "1" }, sendsTheClip);
    roboflow.fault({ kind: "signed-url", do: "answer", status: 503, count: 5 });
    await pressButton(flow, "failures", "send a clip");
    await flow.recorded("what was seen", 75, 60_000);
    assert.equal(roboflow.ledger.jobs.length, 1);
    // A result that is cut: asked for its link, and fetched, once more.
    roboflow.fault({ kind: "result", do: "cut" });
    await pressButton(flow, "failures", "send a clip");
    await flow.recorded("what was seen", 150, 60_000);
    assert.equal(roboflow.ledger.jobs.length, 2);
    roboflow.fault({ kind: "start", do: "answer", status: 402, message: "no credits left" });
    await pressButton(flow, "failures", "send a clip");
    const [told] = await flow.recorded("tell someone", 1);
    assert.equal(told?.msg.payload.code, "PLAN");
    roboflow.fault({ kind: "job", do: "fail", status: 3, message: "the video is broken" });
    await pressButton(flow, "failures", "send a clip");
    const [aside] = await flow.recorded("set aside", 1);
    assert.equal(aside?.msg.payload.code, "JOB_FAILED");
    assert.equal(aside?.msg.payload.clip, "yard.mp4");
    assert.ok(!JSON.stringify([told, aside]).includes("X-Goog-Signature"), "a note holds no signed link");
  });

  it("failures: every code has its meaning", async () => {
    const flow = await runExample("failures", {
      url: roboflow.url,
      apiKey,
      env: { RETRY_SECONDS: "3600" },
      more: (nodes) => {
        const { id, z } = nodes.find(({ name }) => name === "by code") as FlowNode;
        return injectNodes("failed", [id], String(z));
      },
    });
    nodeRed = flow;
    const source = { type: "roboflow-video-poll" };
    for (const code of codes)
      for (const tries of [0, 5])
        await flow.inject("failed", { error: { code, message: code, source }, tries, roboflow: {} });
    const told = codes.filter((code) => meaning[code] === "tell");
    const again = codes.filter((code) => meaning[code] === "again");
    await flow.recorded("tell someone", 2 * told.length + again.length);
    const noted = (name: string, tries: number) =>
      flow
        .records(name)
        .filter(({ msg }) => msg.payload.tries === tries)
        .map(({ msg }) => msg.payload.code);
    assert.deepEqual(
      noted("set aside", 1),
      codes.filter((code) => meaning[code] === "aside"),
    );
    assert.deepEqual(noted("tell someone", 1), told);
    // The rest waits, five times; then somebody is told.
    assert.deepEqual(noted("tell someone", 6).sort(), [...told, ...again].sort());
  });

  describe("with a broker", () => {
    let broker: Mosquitto;
    before(async () => {
      broker = await startMosquitto();
    });
    after(() => broker.stop());

    it("MQTT: detections by frame, one retained summary a clip, found by Home Assistant", async () => {
      copyFileSync(clip, path.join(folder, "gate.mp4"));
      const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      const publish = (topic: string, payload: object | string, retain = false) =>
        client.publishAsync(topic, typeof payload === "string" ? payload : JSON.stringify(payload), {
          qos: 1,
          retain,
        });
      // Kept by the broker from before: it has been processed, and paid for.
      await publish("cameras/old/clip", { path: path.join(folder, "gate.mp4") }, true);
      nodeRed = await runExample("mqtt", {
        url: roboflow.url,
        apiKey,
        settings: "mqttReconnectTime: 500,",
        change: (node) => (node.type === "mqtt-broker" ? { port: String(broker.port) } : undefined),
      });
      const heard = new Map<string, { payload: any; retain: boolean }[]>();
      client.on("message", (topic, payload, { retain }) => {
        heard.set(topic, [...(heard.get(topic) ?? []), { payload: JSON.parse(payload.toString()), retain }]);
      });
      await client.subscribeAsync(["cameras/+/detections", "cameras/+/summary", "homeassistant/#"]);
      // The example's own subscription may come a moment later than its start.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const server = await serveFile(clip);
      await publish("cameras/gate/clip", { path: path.join(folder, "gate.mp4") });
      await publish("cameras/back door/clip", { url: server.url });
      await publish("cameras/yard/clip", "/no/such/file.mp4");
      await publish("cameras/old/clip", "", true);
      const summary = (camera: string) => heard.get(`cameras/${camera}/summary`)?.[0]?.payload;
      await until(
        () => summary("gate") && summary("yard") && summary("back door"),
        30_000,
        () => JSON.stringify([...heard.keys()]),
      );
      assert.equal(summary("gate").frames, 75);
      server.close();
      assert.equal(summary("back door").frames, 75);
      assert.equal(summary("yard").code, "INPUT");
      assert.equal(summary("old"), undefined);
      assert.equal(roboflow.ledger.jobs.length, 2);
      assert.equal(roboflow.ledger.uploads.length, 1);
      const detections = heard.get("cameras/gate/detections") ?? [];
      assert.equal(
        detections.reduce((sum, { payload }) => sum + payload.predictions.length, 0),
        summary("gate").detections,
      );
      const found = [...heard].filter(([topic]) => topic.startsWith("homeassistant/"));
      assert.deepEqual(found.map(([topic, [first]]) => [topic, first?.payload.state_topic]).sort(), [
        ["homeassistant/sensor/roboflow_back_20door/config", "cameras/back door/summary"],
        ["homeassistant/sensor/roboflow_gate/config", "cameras/gate/summary"],
        ["homeassistant/sensor/roboflow_yard/config", "cameras/yard/summary"],
      ]);
      await client.endAsync();

      // A broker that was away, and has forgotten everything.
      await broker.stop();
      broker = await startMosquitto(broker.port);
      const late = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      const retained = new Set<string>();
      late.on("message", (topic, _payload, { retain }) => retain && retained.add(topic));
      const kept = ["cameras/gate/summary", "homeassistant/sensor/roboflow_gate/config"];
      // Node-RED is back within a second.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await late.subscribeAsync(["cameras/gate/#", kept[1] as string]);
      await until(
        () => retained.size >= kept.length,
        10_000,
        () => [...retained].join(),
      );
      assert.deepEqual([...retained].sort(), kept);
      await late.endAsync(true);
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
