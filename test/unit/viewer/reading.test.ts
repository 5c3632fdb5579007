import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readMessage } from "../../../nodes/viewer/server/reading";

const read = (msg: object) => readMessage(msg as never);
const stageOf = (msg: object) => {
  const { reading } = read({ roboflow: { id: "clip" }, ...msg }) ?? {};
  return reading?.kind === "stage" ? reading.stage : reading?.kind;
};
const frame = { frame: 3, time: 0.3, image: { width: 10, height: 10 }, predictions: [], results: {} };
const event = {
  class: "person",
  model: "m",
  start: 1,
  end: 2,
  frames: 2,
  detections: 2,
  most: 1,
  confidence: 0.5,
  best: { frame: 5, time: 1.5, confidence: 0.5, box: null },
};

describe("a message", () => {
  it("tells how far its clip is, by the node that sent it", () => {
    assert.equal(stageOf({ payload: "https://storage.example/in?sig=1" }), "waiting");
    assert.equal(stageOf({ payload: "job-1" }), "waiting");
    assert.equal(stageOf({ payload: { status: 1 } }), "running");
    assert.equal(stageOf({ payload: { job_id: "j" }, roboflow: { id: "c", polls: 2 } }), "running");
    assert.equal(stageOf({ payload: { status: 0, output_signed_url: "https://x.example" } }), "finished");
    assert.equal(stageOf({ payload: frame, parts: { id: "p", index: 0, count: 1 } }), "frame");
    assert.equal(stageOf({ payload: event, parts: { id: "p", index: 0, count: 1 } }), "event");
    assert.equal(stageOf({ payload: { frame_offset: [], time_offset: [] } }), "results");
    assert.equal(
      stageOf({ payload: { frames: 1, duration: 1, detections: 0, classes: {}, events: [] } }),
      "summary",
    );
    const file = { payload: "/data/out.json", filename: "/data/out.json" };
    assert.equal(stageOf({ ...file, roboflow: { id: "c", outputUrl: "https://x.example" } }), "file");
    assert.equal(stageOf(file), "waiting", "a clip of a watch folder node is no result");
  });

  it("of a Catch node tells a failure, unless it carries a frame", () => {
    const error = { message: "Poll: no", source: { type: "roboflow-video-poll" } };
    assert.equal(stageOf({ payload: { status: 1 }, error }), "failed");
    assert.equal(stageOf({ payload: frame, parts: {}, error }), "frame");
    const { reading } =
      read({ roboflow: { id: "c" }, error: { message: "at https://x.example/a?token=s3cret" } }) ?? {};
    assert.ok(reading?.kind === "failed" && !reading.error.includes("s3cret"));
  });

  it("that speaks of no clip is none of the viewer's", () => {
    for (const msg of [
      {},
      { payload: "x" },
      { roboflow: null },
      { roboflow: [] },
      { roboflow: { id: 7 } },
      { error: { message: "x", source: { type: "function" } } },
    ])
      assert.equal(read({ _msgid: "m", ...msg }), undefined, JSON.stringify(msg));
    assert.equal(read({ _msgid: "m", payload: frame, parts: { id: "p", index: 0 } })?.clip.id, "p");
    assert.equal(
      read({ _msgid: "m", error: { message: "x", source: { type: "roboflow-video-upload" } } })?.clip.id,
      "m",
    );
  });

  it("of a clip that failed in the upload names it by what it was to upload, without secrets", () => {
    const error = { message: "x", source: { type: "roboflow-video-upload" } };
    const namesOf = (msg: object) => {
      const { fileName, givenName } = read({ roboflow: { id: "c" }, error, ...msg })?.clip ?? {};
      return fileName ?? givenName;
    };
    for (const [payload, name] of [
      ["/clips/front door.mp4", "front door.mp4"],
      ["C:\\clips\\yard.mp4", "yard.mp4"],
      ["https://user:s3cret@cams.example/a/night%20shift.mp4?token=s3cret", "night shift.mp4"],
      ["rtsp://user:s3cret@cams.example/live?password=s3cret", "live"],
      ["rtsp://user:s3cret@cams.example", undefined],
      ["https://%", undefined],
      ["job-1", undefined],
      ["/clips/", undefined],
      [`/clips/${"x".repeat(5000)}.mp4`, undefined],
      [Buffer.from("/clips/yard.mp4"), undefined],
      [undefined, undefined],
    ] as const)
      assert.equal(namesOf({ payload }), name, String(payload).slice(0, 80));
    const payload = "/clips/yard.mp4";
    assert.equal(namesOf({ payload, filename: "/other/own.mp4" }), "own.mp4");
    assert.equal(namesOf({ payload, roboflow: { id: "c", fileName: "real.mp4" } }), "real.mp4");
    assert.equal(namesOf({ payload, _msgid: "m", roboflow: undefined }), "yard.mp4");
    assert.equal(namesOf({ payload, error: undefined }), undefined, "one that goes on is named by its node");
  });

  it("names a public URL only where nobody has uploaded anything, and no secret is in it", () => {
    const urlOf = (roboflow: object) => read({ roboflow: { id: "c", ...roboflow } })?.clip.videoUrl;
    const url = "https://cams.example/yard.mp4";
    assert.equal(urlOf({ inputUrl: url }), url);
    assert.equal(urlOf({ inputUrl: url, uploadName: "yard-1.mp4" }), undefined);
    assert.equal(urlOf({ inputUrl: url, videoPath: "/clips/yard.mp4" }), undefined);
    for (const secret of [
      `${url}?token=1`,
      "https://user:pass@cams.example/yard.mp4",
      "javascript:alert(1)",
      "file:///etc/passwd",
    ])
      assert.equal(urlOf({ inputUrl: secret }), undefined, secret);
  });
});
