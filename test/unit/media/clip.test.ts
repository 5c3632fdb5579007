import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import {
  bufferSource,
  lookInto,
  NotAClip,
  RewriteFailed,
  rewriteClip,
  withFileSource,
} from "../../../nodes/media";
import {
  aac,
  ClipMaker,
  h264,
  hevc,
  pictureHashes,
  pictures,
  streamsOf,
  tone,
} from "../../support/make-clips";

const clips = new ClipMaker();
after(() => clips.remove());

const never = new AbortController().signal;
const look = (file: string) => withFileSource(file, (source) => lookInto(source, never));
const rewrite = (
  file: string,
  container: Parameters<typeof rewriteClip>[2]["container"],
  keepSound = true,
) => {
  const target = clips.path(
    `rewritten-${Math.random().toString(36).slice(2)}.${container === "mkv" || container === "webm" ? container : "mp4"}`,
  );
  return withFileSource(file, async (source) => ({
    target,
    ...(await rewriteClip(source, target, { container, keepSound }, { signal: never })),
  }));
};

const front = clips.make("front.mp4", ...pictures, ...tone, ...h264, ...aac, "-movflags", "+faststart");
const moov = readFileSync(front).indexOf("moov", 0, "latin1");

/** A copy of the clip without its end. */
function cut(file: string, name: string, part = 0.9): string {
  const short = clips.path(name);
  copyFileSync(file, short);
  truncateSync(short, Math.floor(readFileSync(file).length * part));
  return short;
}

const expected = { width: 128, height: 96, fps: 25 };
/** Containers tell times to the millisecond or better, and some include the sound's lead. */
const about = (seconds: number | undefined) => assert.ok(Math.abs((seconds ?? 0) - 2) < 0.1, `${seconds} s`);

describe("a clip that is looked into", () => {
  const kinds: [string, string, string, string[]][] = [
    ["mp4, index at the front", "mp4", "h264", []],
    ["mp4, index at the end", "mp4", "h264", [...h264, ...aac, "end.mp4"]],
    [
      "mp4, fragmented",
      "mp4",
      "h264",
      [...h264, ...aac, "-movflags", "frag_keyframe+empty_moov", "fragments.mp4"],
    ],
    ["mp4, HEVC", "mp4", "hevc", [...hevc, ...aac, "hevc.mp4"]],
    ["mov", "mov", "h264", [...h264, ...aac, "a.mov"]],
    ["m4v", "m4v", "h264", [...h264, ...aac, "-f", "ipod", "a.m4v"]],
    ["3gp", "3gp", "h264", [...h264, ...aac, "a.3gp"]],
    ["mkv", "mkv", "h264", [...h264, ...aac, "a.mkv"]],
    ["webm", "webm", "vp8", ["-c:v", "libvpx", "-c:a", "libvorbis", "a.webm"]],
    ["avi", "avi", "mpeg4", ["-c:v", "mpeg4", "-c:a", "mp3", "a.avi"]],
    ["MPEG-TS", "mpegts", "h264", [...h264, ...aac, "a.ts"]],
  ];
  for (const [name, container, codec, args] of kinds)
    test(`${name}: container, codec, size, duration and frame rate`, async () => {
      const file =
        args.length > 0
          ? clips.make(args.at(-1) as string, ...pictures, ...tone, ...args.slice(0, -1))
          : front;
      const facts = await look(file);
      const { duration, ...video } = facts.tracks?.video ?? { codec: "" };
      assert.deepEqual(
        { container: facts.container, sound: facts.tracks?.hasSound, video },
        { container, sound: true, video: { codec, ...expected } },
      );
      about(duration);
    });

  test("in memory is looked into like a file", async () => {
    const facts = await lookInto(bufferSource(readFileSync(front)), never);
    assert.equal(facts.tracks?.video?.codec, "h264");
    about(facts.tracks?.video?.duration);
  });

  test("a phone's portrait is told as it is shown", async () => {
    const { tracks } = await look(
      clips.make("portrait.mov", "-i", front, "-c", "copy", "-metadata:s:v:0", "rotate=90"),
    );
    assert.deepEqual([tracks?.video?.width, tracks?.video?.height], [96, 128]);
  });

  test("a name says nothing: an mp4 called .avi is an mp4", async () => {
    const file = clips.path("clip.avi");
    copyFileSync(front, file);
    assert.equal((await look(file)).container, "mp4");
  });

  for (const [name, file] of [
    ["mp4, index at the front", () => front],
    ["mp4, index at the end", () => clips.make("end2.mp4", "-i", front, "-c", "copy")],
    [
      "mp4, fragmented",
      () => clips.make("f2.mp4", "-i", front, "-c", "copy", "-movflags", "frag_keyframe+empty_moov"),
    ],
    ["mov", () => clips.make("b.mov", "-i", front, "-c", "copy")],
    ["mkv", () => clips.make("b.mkv", "-i", front, "-c", "copy")],
    ["webm", () => clips.make("b.webm", ...pictures, "-c:v", "libvpx")],
    ["avi", () => clips.make("b.avi", ...pictures, "-c:v", "mpeg4")],
  ] as const)
    test(`cut at 90 % is not finished or damaged: ${name}`, async () => {
      await assert.rejects(look(cut(file(), `cut-${name.replace(/\W/g, "")}`)), { reason: "unfinished" });
    });

  test("an mp4 whose index is not written yet is not finished", async () => {
    const file = clips.path("growing.mp4");
    const whole = readFileSync(clips.make("end3.mp4", "-i", front, "-c", "copy"));
    writeFileSync(file, whole.subarray(0, whole.indexOf("moov", 0, "latin1") - 4));
    await assert.rejects(look(file), { reason: "unfinished" });
    // A recorder that has only begun.
    for (const end of [whole.readUInt32BE(0), whole.indexOf("mdat", 0, "latin1") - 4]) {
      writeFileSync(file, whole.subarray(0, end));
      await assert.rejects(look(file), { reason: "unfinished" }, `${end} bytes`);
    }
  });

  test("without a video track it is refused", async () => {
    for (const file of [
      clips.make("sound.mp4", ...tone, ...aac),
      clips.make("sound.mkv", ...tone, ...aac),
      clips.make("sound.ts", ...tone, ...aac),
      clips.make("sound.avi", ...tone, "-c:a", "mp3"),
    ])
      await assert.rejects(look(file), { reason: "noVideoTrack" }, file);
  });

  test("what is none is called what it seems to be", async () => {
    const program = clips.make("recorder.mpg", ...pictures, "-c:v", "mpeg2video");
    const page = clips.path("page.mp4");
    writeFileSync(page, "<!doctype html><title>Please log in</title>");
    const nothing = clips.path("nothing.mp4");
    writeFileSync(nothing, "");
    for (const [file, seems] of [
      [program, "mpegProgramStream"],
      [page, "webPage"],
      [nothing, "empty"],
    ] as const)
      await assert.rejects(look(file), (error) => error instanceof NotAClip && error.seems === seems);
  });

  test("an index that cannot be followed leaves the clip to whoever can: it begins well", async () => {
    const bytes = readFileSync(front);
    bytes.fill(0xff, moov + 12, moov + 400);
    const facts = await lookInto(bufferSource(bytes), never);
    assert.deepEqual(facts, { container: "mp4", size: bytes.length });
  });

  test("whoever gives up while it is looked into is heard at once", async () => {
    const stop = new AbortController();
    const looking = withFileSource(front, (source) => lookInto(source, stop.signal));
    stop.abort(new Error("a deploy"));
    await assert.rejects(looking, /a deploy/);
  });
});

describe("a clip that is rewritten", () => {
  for (const [container, args] of [
    ["mov", [...h264, ...aac]],
    ["m4v", [...h264, ...aac, "-f", "ipod"]],
    ["3gp", [...h264, ...aac]],
    ["mpegts", [...h264, ...aac]],
    ["mp4", [...h264, ...aac, "-movflags", "frag_keyframe+empty_moov"]],
    ["mkv", [...h264, ...aac]],
    ["webm", ["-c:v", "libvpx", "-c:a", "libvorbis"]],
  ] as const)
    for (const keepSound of [true, false])
      test(`from ${container} ${keepSound ? "with" : "without"} its sound has every picture as it was`, async () => {
        const file = clips.make(
          `in-${keepSound}.${container === "mpegts" ? "ts" : container}`,
          ...pictures,
          ...tone,
          ...args,
        );
        const { target, soundLeftOut } = await rewrite(file, container, keepSound);
        const hashes = await pictureHashes(target);
        assert.equal(hashes.length, 50);
        assert.deepEqual(hashes, await pictureHashes(file));
        assert.deepEqual(await streamsOf(target), keepSound ? ["video", "audio"] : ["video"]);
        assert.equal(soundLeftOut, false);
        assert.ok((await look(target)).tracks);
      });

  test("keeps HEVC and the rotation of a phone", async () => {
    const upright = clips.make("hevc-upright.mov", ...pictures, ...hevc);
    const file = clips.make("hevc.mov", "-i", upright, "-c", "copy", "-metadata:s:v:0", "rotate=90");
    const { target } = await rewrite(file, "mov");
    assert.deepEqual(await pictureHashes(target), await pictureHashes(file));
    assert.deepEqual((await look(target)).tracks?.video, (await look(file)).tracks?.video);
  });

  test("keeps every picture of a variable frame rate", async () => {
    const file = clips.make(
      "variable.mov",
      ...pictures,
      "-vf",
      "select='not(mod(n,3))+lt(n,20)'",
      "-vsync",
      "vfr",
      ...h264,
    );
    const { target } = await rewrite(file, "mov");
    assert.deepEqual(await pictureHashes(target), await pictureHashes(file));
  });

  test("names the codec that an mp4 cannot hold", async () => {
    const jpegs = clips.make("jpegs.mov", ...pictures, "-c:v", "mjpeg");
    await assert.rejects(rewrite(jpegs, "mov"), { reason: "codec", codec: "mjpeg" });
    const old = clips.make("old.ts", ...pictures, "-c:v", "mpeg2video");
    assert.equal((await look(old)).tracks?.video?.codec, "mpeg2video");
    await assert.rejects(rewrite(old, "mpegts"), (error) => error instanceof RewriteFailed);
  });

  test("leaves nothing where it cannot be finished", async () => {
    const damaged = clips.path("damaged.mov");
    const bytes = readFileSync(clips.make("good.mov", "-i", front, "-c", "copy"));
    writeFileSync(damaged, bytes.fill(0xff, bytes.indexOf("stsz", 0, "latin1") + 4, bytes.length));
    const target = clips.path("never.mp4");
    await assert.rejects(
      withFileSource(damaged, (source) =>
        rewriteClip(source, target, { container: "mov", keepSound: true }, { signal: never }),
      ),
      { reason: "unreadable" },
    );
    assert.equal(existsSync(target), false);
  });

  test("a disk that refuses is told by its code", async () => {
    const file = clips.make("full.mov", "-i", front, "-c", "copy");
    await assert.rejects(
      withFileSource(file, (source) =>
        rewriteClip(source, "/proc/nowhere.mp4", { container: "mov", keepSound: true }, { signal: never }),
      ),
      { code: "ENOENT" },
    );
  });
});
