import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import { lookInto, NotAClip, RewriteFailed, rewriteClip, withFileSource } from "../../nodes/media";
import { watchLoop } from "../support/loop-delay";
import { aac, ClipMaker, h264, pictures, tone } from "../support/make-clips";

/** Damaged clips of each container; `DAMAGED_CLIPS=500` for a long run. */
const count = Number(process.env.DAMAGED_CLIPS ?? 40);
/** At a time: a thread each. */
const atOnce = 4;

const clips = new ClipMaker();
after(() => clips.remove());

/** The same numbers in every run, so that a clip that hangs can be made again. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Changes bytes, most of them where a container keeps its tables: cut pieces, wild numbers, single bits. */
function damage(clip: Buffer, seed: number): Buffer {
  const random = numbers(seed);
  const below = (limit: number) => Math.floor(random.next().value * limit);
  const bytes = Buffer.from(clip);
  const edges = () =>
    below(2) ? below(Math.min(4096, bytes.length)) : bytes.length - 1 - below(Math.min(4096, bytes.length));
  for (let changes = 1 + below(12); changes > 0; changes -= 1) {
    const at = below(4) ? edges() : below(bytes.length);
    const kind = below(4);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
    else if (kind === 2) bytes.fill(below(2) ? 0xff : 0, at, at + 1 + below(8));
    else bytes.copyWithin(at, below(bytes.length), Math.min(bytes.length, at + below(64)));
  }
  // Its beginning stays, or it would be no clip to look into.
  clip.copy(bytes, 0, 0, 12);
  return bytes;
}

const kinds = {
  mp4: [...h264, ...aac],
  "fragmented.mp4": [...h264, ...aac, "-movflags", "frag_keyframe+empty_moov"],
  mov: [...h264, ...aac],
  mkv: [...h264, ...aac],
  webm: ["-c:v", "libvpx", "-c:a", "libvorbis"],
  m4v: [...h264, ...aac],
  "3gp": [...h264, ...aac],
  ts: [...h264, ...aac],
  m2ts: [...h264, ...aac, "-mpegts_m2ts_mode", "1"],
  avi: ["-c:v", "mpeg4", "-c:a", "mp3"],
};

for (const [kind, args] of Object.entries(kinds))
  test(`${count} damaged clips (${kind}) neither hang nor hold up what else runs`, async () => {
    const whole = readFileSync(clips.make(`whole.${kind}`, ...pictures, ...tone, ...args));
    const ends = new Map<string, number>();
    let next = 0;
    const work = async () => {
      while (next < count) {
        const number = next++;
        const file = clips.path(`damaged-${number}.${kind}`);
        await writeFile(file, damage(whole, number + 1));
        const end = await lookAndRewrite(file, `${file}.out`);
        ends.set(end, (ends.get(end) ?? 0) + 1);
        for (const name of [file, `${file}.out`]) await rm(name, { force: true });
      }
    };
    const heldUp = watchLoop();
    await Promise.all(Array.from({ length: atOnce }, work));
    const { byClock, atWork, blocked } = heldUp();
    // Some are still good, some are found to be damaged, or nothing was tried.
    assert.equal(
      [...ends.values()].reduce((sum, ended) => sum + ended, 0),
      count,
    );
    const delay = [`${atWork} ms at work`, `${blocked} ms blocked`, `${byClock} ms by the clock`];
    const shown = delay.map((one) => one.replace(/\.\d+/, "")).join(", ");
    console.log(`  ${kind}: ${JSON.stringify(Object.fromEntries(ends))}, longest delay ${shown}`);
    // Not by the clock: a busy machine takes the processor away for as long as it likes.
    assert.ok(atWork < 100, `the main thread was at work for ${atWork} ms at a stretch`);
    assert.ok(blocked < 1000, `the main thread was blocked for ${blocked} ms`);
  });

/** How a clip's way through ends, in one word; anything but an error of the package fails the test. */
async function lookAndRewrite(file: string, target: string): Promise<string> {
  const signal = new AbortController().signal;
  return withFileSource(file, async (source) => {
    try {
      const { container, tracks } = await lookInto(source, signal);
      if (container === "avi" || !tracks) return tracks ? "read" : "unreadable";
      await rewriteClip(source, target, { container, keepSound: true }, { signal });
      return "rewritten";
    } catch (error) {
      if (error instanceof NotAClip || error instanceof RewriteFailed) return error.reason;
      throw error;
    }
  });
}
