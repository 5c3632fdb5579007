import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import path from "node:path";
import { after, type TestContext, test } from "node:test";
import { emulatorFor, knownKey } from "../support/client-of";
import { sha256 } from "../support/emulator-calls";
import { assertFailure, runNode } from "../support/helper";
import { type SeenRequest, serve } from "../support/local-server";
import { aac, ClipMaker, h264, pictureHashes, pictures, streamsOf, tone } from "../support/make-clips";
import { comparable, type Msg } from "../support/messages";

const yard = readFileSync("demo/clip/yard.mp4");
const facts = { container: "mp4", codec: "h264", width: 640, height: 360, duration: 15, fps: 10 };
const clips = new ClipMaker();
after(() => clips.remove());

const sendYard = (_: SeenRequest, response: ServerResponse) =>
  void response.writeHead(200, { "content-length": yard.length }).end(yard);

/** A camera and an upload node beside the emulator. */
async function withCamera(
  t: TestContext,
  answer: (request: SeenRequest, response: ServerResponse) => void,
  properties: Record<string, unknown> = {},
  credentials?: Record<string, string>,
) {
  const camera = await serve(t, answer);
  const emulator = await emulatorFor(t);
  const node = await runNode(
    t,
    { type: "roboflow-video-upload", wait: 0, ...properties },
    { account: { baseUrl: emulator.url }, apiKey: knownKey, credentials },
  );
  const kept = () => filesBelow(path.join(node.userDir, "roboflow-video", ".clips"));
  return { camera, emulator, node, kept };
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => path.join(parentPath, name))
    : [];

test("a clip that only this network reaches is fetched and uploaded, and stays for the viewer", async (t) => {
  const { camera, emulator, node, kept } = await withCamera(t, sendYard);
  const { outputs } = await node.send({ payload: `${camera.url}/api/events/7-b/clip%201.mp4?x=1` });
  const [msg] = outputs[0] as [Msg];
  const { uploadName, videoPath, inputUrl } = msg.roboflow;
  assert.deepEqual(comparable(msg.roboflow), {
    fileName: "clip 1.mp4",
    uploadName,
    videoPath,
    video: facts,
    fileSize: yard.length,
    inputUrl,
    times: ["uploadedAt", "expiresAt"],
  });
  assert.match(uploadName, /^clip_1-[0-9a-f]{12}\.mp4$/);
  assert.equal(msg.payload, inputUrl);
  assert.ok(inputUrl.startsWith(emulator.url));
  assert.deepEqual(
    emulator.ledger.uploads.map((upload) => upload.sha256),
    [sha256(yard)],
  );
  assert.deepEqual(kept(), [videoPath]);
  assert.deepEqual(readFileSync(videoPath), yard);
  assert.equal(camera.seen.length, 1);
  assert.equal(camera.seen[0]?.headers.authorization, undefined);
  assert.doesNotMatch(JSON.stringify(camera.seen), /rf_Known/, "the key went to the camera");
  assert.deepEqual(node.statuses()[0], { fill: "blue", shape: "dot", text: "fetching 0 MB" });
  assert.deepEqual(node.statuses().at(-1), { fill: "green", shape: "dot", text: "uploaded" });
});

test("URLs: pass hands on a local one, fetch fetches, keepHours 0 keeps nothing", async (t) => {
  const { camera, emulator, node, kept } = await withCamera(t, sendYard, { urlMode: "pass" });
  const url = `${camera.url}/clip.mp4`;
  const earlier = {
    videoPath: "/of/an/earlier.mp4",
    video: { container: "avi" },
    uploadName: "earlier-1.mp4",
  };
  const stale = {
    id: "c",
    ...earlier,
    fileName: "earlier.mp4",
    fileSize: 7,
    uploadedAt: "t",
    expiresAt: "t",
  };
  const passed = await node.send({ payload: url, roboflow: stale });
  assert.equal(passed.outputs[0]?.[0]?.payload, url);
  assert.deepEqual(JSON.parse(JSON.stringify(comparable(passed.outputs[0]?.[0]?.roboflow))), {
    fileName: "clip.mp4",
    inputUrl: url,
    times: [],
  });
  assert.deepEqual([camera.seen.length, emulator.ledger.requests.length], [0, 0]);

  const named = await node.send({ payload: url, filename: "/cams/door.mp4" });
  assert.equal(named.outputs[0]?.[0]?.roboflow.fileName, "door.mp4");

  await node.redeploy({ urlMode: "fetch", keepHours: 0 });
  const fetched = await node.send({ payload: url });
  assert.equal(fetched.caught?.error.message, undefined);
  assert.equal(fetched.outputs[0]?.[0]?.roboflow.videoPath, undefined);
  assert.equal(emulator.ledger.uploads[0]?.sha256, sha256(yard));
  assert.deepEqual(kept(), []);
});

const challenge = { "www-authenticate": 'Basic realm="cam"' };
const guarded = ({ headers }: SeenRequest, response: ServerResponse) =>
  headers.authorization === `Basic ${Buffer.from("admin:geheim/123").toString("base64")}`
    ? void response.writeHead(200).end(yard)
    : void response.writeHead(401, challenge).end(`no: ${headers.authorization}`);

test("a login in the node opens the camera and shows nowhere", async (t) => {
  const login = { user: "admin", password: "geheim/123" };
  const { camera, node } = await withCamera(t, guarded, { authType: "basic" }, login);
  const { outputs, caught } = await node.send({ payload: `${camera.url}/clip.mp4` });
  assert.equal(caught?.error.message, undefined);
  const shown = JSON.stringify([outputs, node.logs(), node.statuses()]);
  assert.doesNotMatch(shown, /geheim|YWRtaW4/);
});

test("a login in the URL opens it as well; a wrong one is AUTH, and is not shown", async (t) => {
  const { camera, node, kept } = await withCamera(t, guarded);
  const withLogin = (login: string) => `${camera.url.replace("//", `//${login}@`)}/clip.mp4`;
  const good = await node.send({ payload: withLogin("admin:geheim%2F123") });
  assert.equal(good.caught?.error.message, undefined);
  assert.doesNotMatch(JSON.stringify(good.outputs), /geheim/);

  const bad = await node.send({ payload: withLogin("admin:verkehrt77") });
  assertFailure(bad, "AUTH", /clip at "http:\/\/127\.0\.0\.1:\d+\/clip\.mp4" rejected the login/, 401);
  assert.doesNotMatch(bad.caught?.error.message, /verkehrt77/);
  assert.doesNotMatch(JSON.stringify([node.logs(), node.statuses()]), /verkehrt77|geheim/);
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "login rejected" });
  assert.equal(kept().length, 1, "of the one that came through");
});

test("an authentication without a login is CONFIG before anything is asked", async (t) => {
  const { camera, node } = await withCamera(t, sendYard, { authType: "digest" });
  const delivery = await node.send({ payload: `${camera.url}/clip.mp4` });
  assertFailure(delivery, "CONFIG", /no user or token is entered/);
  assert.equal(camera.seen.length, 0);
});

test("a camera that has no clip in time is INPUT with its words, and leaves nothing behind", async (t) => {
  const { camera, emulator, node, kept } = await withCamera(t, (_, response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.end('{"success":false,"message":"Could not find recording"}');
  });
  const delivery = await node.send({ payload: `${camera.url}/clip.mp4` });
  assertFailure(delivery, "INPUT", /was not available in time.*Could not find recording.*HTTP 400/, 400);
  assert.deepEqual(node.statuses().at(-1), { fill: "red", shape: "ring", text: "clip not found" });
  assert.deepEqual([kept(), emulator.ledger.requests], [[], []]);
});

test("a camera that answers with a web page, or with half a clip, is INPUT and leaves nothing behind", async (t) => {
  const { camera, node, kept } = await withCamera(t, ({ url }, response) => {
    response.writeHead(200).end(url === "/page.mp4" ? "<html><body>Log in" : yard.subarray(0, 50_000));
  });
  const page = await node.send({ payload: `${camera.url}/page.mp4` });
  assertFailure(page, "INPUT", /"http:.*\/page\.mp4" is not a video .* seems to be a web page/);
  const half = await node.send({ payload: `${camera.url}/half.mp4` });
  assertFailure(half, "INPUT", /half\.mp4" was not complete in time/);
  assert.deepEqual(kept(), []);
});

test("the live picture of a camera, which never ends, is INPUT at once and fills no disk", async (t) => {
  let isClosed = false;
  const { camera, emulator, node, kept } = await withCamera(t, (_, response) => {
    response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame" });
    const send = () =>
      void response.write(`--frame\r\nContent-Type: image/jpeg\r\n\r\n${"x".repeat(20_000)}`);
    const timer = setInterval(send, 5);
    response.on("close", () => {
      isClosed = true;
      clearInterval(timer);
    });
  });
  const delivery = await node.send({ payload: `${camera.url}/live` });
  assertFailure(delivery, "INPUT", /\/live" is not a video/);
  assert.ok(isClosed, "the camera still sends");
  assert.deepEqual([kept(), emulator.ledger.uploads], [[], []]);
});

test("a live transport stream, which never ends, is INPUT as soon as it is too large to be rewritten", async (t) => {
  let isClosed = false;
  const packets = Buffer.alloc(188 * 5000, 0xff);
  for (let at = 0; at < packets.length; at += 188) packets[at] = 0x47;
  const { camera, emulator, node, kept } = await withCamera(t, (_, response) => {
    response.writeHead(200, { "content-type": "video/mp2t" });
    const send = () => {
      while (!isClosed && response.write(packets));
    };
    response.on("drain", send);
    response.on("close", () => {
      isClosed = true;
    });
    send();
  });
  const delivery = await node.send({ payload: `${camera.url}/live.ts` });
  assertFailure(delivery, "INPUT", /\/live\.ts" is an MPEG transport stream .* 192 MB/);
  assert.ok(isClosed, "the camera still sends");
  assert.deepEqual([kept(), emulator.ledger.uploads], [[], []]);
});

test("who waits for a clip holds up no other upload; it is sent when it is there", async (t) => {
  let isThere = false;
  const { camera, emulator, node } = await withCamera(
    t,
    (request, response) => (isThere ? sendYard(request, response) : void response.writeHead(404).end()),
    { wait: 60 },
  );
  const waiting = node.send({ payload: `${camera.url}/slow.mp4` });
  const [also, third] = [
    node.send({ payload: `${camera.url}/b.mp4` }),
    node.send({ payload: `${camera.url}/c.mp4` }),
  ];
  const direct = await node.send({ payload: yard });
  assert.equal(direct.caught?.error.message, undefined);
  assert.equal(emulator.ledger.uploads.length, 1, "the account lets two through at a time");
  isThere = true;
  for (const { caught } of await Promise.all([waiting, also, third]))
    assert.equal(caught?.error.message, undefined);
  assert.equal(emulator.ledger.uploads.length, 4);
  assert.ok(node.statuses().some(({ text }) => text === "waiting for clip" || text?.endsWith("running")));
});

test("a phone's mov goes out as an mp4 with every picture, without its sound where that is to stay", async (t) => {
  const mov = clips.make("phone.mov", ...pictures, ...tone, ...h264, ...aac);
  // A variable of the environment brings it as a text.
  for (const audio of [true, false, "false"]) {
    const { emulator, node } = await withCamera(t, sendYard, { audio });
    const { outputs, caught } = await node.send({ payload: mov });
    assert.equal(caught?.error.message, undefined);
    const { fileName, uploadName, videoPath, video, fileSize } = outputs[0]?.[0]?.roboflow ?? {};
    assert.deepEqual([fileName, video.container, video.codec], ["phone.mov", "mp4", "h264"]);
    assert.match(uploadName, /^phone-[0-9a-f]{12}\.mp4$/);
    const sent = readFileSync(videoPath);
    assert.deepEqual(
      emulator.ledger.uploads.map((upload) => [upload.sha256, upload.size]),
      [[sha256(sent), fileSize]],
    );
    assert.deepEqual(await pictureHashes(videoPath), await pictureHashes(mov));
    assert.deepEqual(await streamsOf(videoPath), audio === true ? ["video", "audio"] : ["video"]);
  }
});

test("sound that cannot be taken out is never sent", async (t) => {
  const avi = clips.make("loud.avi", ...pictures, ...tone, "-c:v", "mpeg4", "-c:a", "mp3");
  const { emulator, node } = await withCamera(t, sendYard, { audio: false });
  assertFailure(
    await node.send({ payload: avi }),
    "INPUT",
    /loud\.avi" was not sent: its sound cannot be removed/,
  );
  const silent = await node.send({ payload: yard });
  assert.equal(silent.outputs[0]?.[0]?.roboflow.videoPath, undefined, "it had none: it is sent as it is");
  assert.equal(emulator.ledger.uploads.length, 1);
});

test("bad settings are CONFIG when they are deployed", async (t) => {
  for (const [properties, words] of [
    [{ wait: "soon" }, /"Wait for the clip" must be a number of seconds/],
    [{ keepHours: -1 }, /"Keep copies for" must be a number of hours/],
    [{ tls: "gone" }, /TLS configuration was deleted or disabled/],
  ] as const) {
    const { node } = await withCamera(t, sendYard, properties);
    assert.match(node.logs().join("\n"), words);
  }
});

test("an unset variable in the login is CONFIG", async (t) => {
  const login = { user: "admin", password: `\${CAMERA_PASSWORD_OF_NOBODY}` };
  const { camera, node } = await withCamera(t, sendYard, { authType: "digest" }, login);
  const delivery = await node.send({ payload: `${camera.url}/clip.mp4` });
  assertFailure(delivery, "CONFIG", /CAMERA_PASSWORD_OF_NOBODY is not set/);
  assert.equal(camera.seen.length, 0);
});

test("what begins like a clip and cannot be followed is sent as it is, with a warning", async (t) => {
  const { emulator, node } = await withCamera(t, sendYard);
  const bytes = Buffer.from(yard);
  const index = bytes.indexOf("moov", 0, "latin1");
  bytes.fill(0xff, index + 12, index + 400);
  const { outputs } = await node.send({ payload: bytes });
  assert.deepEqual(outputs[0]?.[0]?.roboflow.video, { container: "mp4" });
  assert.equal(emulator.ledger.uploads[0]?.sha256, sha256(bytes));
  assert.match(node.logs().join("\n"), /"video" begins like a video but could not be read/);
});
