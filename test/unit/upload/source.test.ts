import assert from "node:assert/strict";
import { test } from "node:test";
import { openSource } from "../../../nodes/upload/source";
import { quickTime, recording, temporaryFolder, writeTo } from "../../support/recordings";

const kinds = ["mp4", "avi", "mkv", "webm"] as const;

test("each container that Roboflow takes is known by its bytes, whatever its name says", async (t) => {
  const folder = temporaryFolder(t);
  for (const kind of kinds) {
    const bytes = recording(kind, 300);
    for (const name of [`a.${kind}`, "b.MOV", "c", "constructor.constructor"])
      assert.equal((await openSource(writeTo(folder, name, bytes), name)).container, kind, name);
    assert.equal((await openSource(bytes, "video")).container, kind);
  }
});

const refused: [name: string, content: Buffer | string, reason: string][] = [
  ["a text", "this is a text that someone renamed", "videoContent"],
  ["four letters", "ftyp", "videoContent"],
  ["a sound", "RIFF\0\0\0\0WAVEfmt ", "videoContent"],
  ["a QuickTime file", quickTime, "videoContainer"],
];
for (const [what, content, reason] of refused) {
  test(`${what} is refused, as a file called .mp4 and as a Buffer`, async (t) => {
    const file = writeTo(temporaryFolder(t), "a.mp4", content);
    await assert.rejects(openSource(file, "a.mp4"), { code: "INPUT", reason });
    await assert.rejects(openSource(Buffer.from(content), "video"), { code: "INPUT", reason });
  });
}
