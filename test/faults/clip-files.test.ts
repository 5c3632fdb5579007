import assert from "node:assert/strict";
import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { sha256 } from "../support/emulator-calls";
import { aac, ClipMaker, h264, hevc, pictureHashes, pictures, streamsOf, tone } from "../support/make-clips";
import { throughNode } from "./one-node";

// Files as cameras, recorders and phones leave them, made by ffmpeg: each arrives as it should, or is refused with its
// sentence.

const apiKey = "rf_Files+Key/2Wm6tY";
const clips = new ClipMaker();
let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ apiKey, analyse: false, jobSeconds: 0 });
});
after(async () => {
  await emulator.close();
  clips.remove();
});

const both = [...pictures, ...tone];
const fragments = ["-movflags", "frag_keyframe+empty_moov"];
const vp8 = ["-c:v", "libvpx", "-c:a", "libvorbis"];
const old = ["-c:v", "mpeg4", "-c:a", "mp3"];
/** Every third picture of the second half is left out. */
const variable = ["-vf", "select='not(mod(n,3))+lt(n,20)'", "-vsync", "vfr"];

/** What each container is made with, and what it is sent as. */
const containers: Record<string, { args: string[]; sentAs: string; isRewritten?: true }> = {
  mp4: { args: [...h264, ...aac], sentAs: "mp4" },
  mov: { args: [...h264, ...aac], sentAs: "mp4", isRewritten: true },
  m4v: { args: [...h264, ...aac, "-f", "ipod"], sentAs: "mp4", isRewritten: true },
  "3gp": { args: [...h264, ...aac], sentAs: "mp4", isRewritten: true },
  ts: { args: [...h264, ...aac], sentAs: "mp4", isRewritten: true },
  mkv: { args: [...h264, ...aac], sentAs: "mkv" },
  webm: { args: vp8, sentAs: "webm" },
  avi: { args: old, sentAs: "avi" },
};
const isBoxes = (kind: string) => ["mp4", "mov", "m4v", "3gp"].includes(kind);

/** Uploads a file through the node. */
async function sent(file: string, properties: Record<string, unknown> = {}) {
  emulator.ledger.clear();
  const seen = await throughNode({ after: () => {} } as never, {
    type: "upload",
    account: { baseUrl: emulator.url },
    apiKey,
    userDir: clips.path("user"),
    properties,
    msg: { payload: file },
  });
  const [upload] = emulator.ledger.uploads;
  return { roboflow: seen.sent[0]?.roboflow, upload, error: seen.caught[0]?.error };
}

/** A file arrives: as its bytes are, or with every picture the same. */
async function arrives(file: string, kind: string, streams = ["video", "audio"]): Promise<void> {
  const { sentAs, isRewritten } = containers[kind] as (typeof containers)[string];
  const { roboflow, upload, error } = await sent(file);
  assert.equal(error?.message, undefined);
  assert.match(roboflow.uploadName, new RegExp(`^[\\w.-]+-[0-9a-f]{12}\\.${sentAs}$`));
  assert.equal(upload?.sha256, sha256(readFileSync(roboflow.videoPath)));
  if (!isRewritten) return assert.equal(upload?.sha256, sha256(readFileSync(file)));
  assert.deepEqual(await pictureHashes(roboflow.videoPath), await pictureHashes(file));
  assert.deepEqual(await streamsOf(roboflow.videoPath), streams);
  rmSync(roboflow.videoPath);
}

async function isRefused(file: string, words: RegExp): Promise<void> {
  const { error, upload } = await sent(file);
  assert.equal(error?.code, "INPUT", error?.message ?? "it was sent");
  assert.match(error.message, words);
  assert.equal(upload, undefined);
}

/** A copy of a file under another name, without its end. */
function cut(file: string, name: string): string {
  const short = clips.path(name);
  copyFileSync(file, short);
  truncateSync(short, Math.floor(0.9 * statSync(file).size));
  return short;
}

for (const [kind, { args, sentAs }] of Object.entries(containers))
  describe(`${kind}:`, () => {
    const made = (name: string, ...ffmpeg: string[]) => clips.make(`${name}.${kind}`, ...ffmpeg);
    const plain = () => made("plain", ...both, ...args);

    test("a plain one arrives", () => arrives(plain(), kind));

    if (isBoxes(kind)) {
      test("with its index at the front it arrives", () =>
        arrives(made("front", ...both, ...args, "-movflags", "+faststart"), kind));
      test("in fragments it arrives", () => arrives(made("fragments", ...both, ...args, ...fragments), kind));
    }

    test("cut at 90 %, it is not finished or damaged", async () => {
      const file = cut(plain(), `cut.${kind}`);
      // A transport stream has no end, and no index: what is there of it arrives.
      if (kind === "ts") await arrives(file, kind);
      else await isRefused(file, /is not finished or damaged/);
    });

    test("without a video track it is refused", () => {
      const sound = args.slice(args.indexOf("-c:a"));
      // Of the m4v family, one without a picture is a song.
      const words = kind === "m4v" ? /seems to be an audio file/ : /has no video track/;
      return isRefused(made("sound", ...tone, "-vn", ...sound), words);
    });

    test("without sound it arrives", async () =>
      arrives(
        made("silent", ...pictures, ...args.slice(0, args.indexOf("-c:a")), "-an", ...formatOf(args)),
        kind,
        ["video"],
      ));

    test("of a variable frame rate it arrives", () =>
      arrives(made("variable", ...pictures, ...variable, ...args, "-an"), kind, ["video"]));

    if (["mp4", "mov", "mkv", "ts"].includes(kind))
      test("HEVC arrives", () => arrives(made("hevc", ...both, ...hevc, ...aac), kind));

    if (["mp4", "mov"].includes(kind))
      test("a portrait keeps its rotation", async () => {
        const upright = plain();
        const turned = made("turned", "-i", upright, "-c", "copy", "-metadata:s:v:0", "rotate=90");
        const { roboflow, error } = await sent(turned);
        assert.equal(error?.message, undefined);
        assert.deepEqual([roboflow.video.width, roboflow.video.height], [96, 128]);
        const again = await sent(roboflow.videoPath);
        assert.deepEqual([again.roboflow.video.width, again.roboflow.video.height], [96, 128]);
      });

    test("audio off: it goes out without its sound, or not at all", async () => {
      const { roboflow, upload, error } = await sent(plain(), { audio: false });
      if (kind === "avi") {
        assert.match(error?.message, /its sound cannot be removed/);
        assert.equal(upload, undefined);
        return;
      }
      assert.equal(error?.message, undefined);
      assert.equal(upload?.sha256, sha256(readFileSync(roboflow.videoPath)));
      assert.deepEqual(await streamsOf(roboflow.videoPath), ["video"]);
      assert.ok(roboflow.uploadName.endsWith(`.${sentAs}`));
    });
  });

const formatOf = (args: string[]) => (args.includes("-f") ? args.slice(args.indexOf("-f")) : []);

describe("what is no clip is refused with what it seems to be:", () => {
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(clips.path(name), content);
    return clips.path(name);
  };
  for (const [name, file, words] of [
    ["zero bytes", () => write("empty.mp4", ""), /is empty/],
    ["a file of zeros", () => write("zeros.mp4", Buffer.alloc(5000)), /a file of zeros only/],
    ["a text", () => write("text.mp4", "The recorder is full.\n"), /seems to be a text/],
    [
      "a login page",
      () => write("clip.mp4", "<!DOCTYPE html><html><body>Log in"),
      /a web page, such as a login page/,
    ],
    ["a JPEG picture", () => clips.make("snap.jpg", ...pictures, "-frames:v", "1"), /a JPEG picture/],
    [
      "an MPEG program stream named .mp4",
      () => {
        const stream = clips.make("hik.mpg", ...pictures, "-c:v", "mpeg2video");
        copyFileSync(stream, clips.path("hik.mp4"));
        return clips.path("hik.mp4");
      },
      /an MPEG program stream, as Hikvision recorders write it/,
    ],
    ["sound alone", () => clips.make("sound.mp3", ...tone), /an audio file/],
    [
      "a mov of Motion JPEG",
      () => clips.make("jpegs.mov", ...pictures, "-c:v", "mjpeg"),
      /is encoded as mjpeg, which cannot be put into an mp4/,
    ],
  ] as const)
    test(name, () => isRefused(file(), words));
});

test("sound that mp4 cannot hold is left out, with a warning", async () => {
  const file = clips.make("pcm.mov", ...both, ...h264, "-c:a", "adpcm_ima_qt");
  const { roboflow, error } = await sent(file);
  assert.equal(error?.message, undefined);
  assert.deepEqual(await streamsOf(roboflow.videoPath), ["video"]);
  assert.deepEqual(await pictureHashes(roboflow.videoPath), await pictureHashes(file));
});
