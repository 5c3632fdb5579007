import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { readArguments, WrongArgument } from "../../../demo/arguments";

const refuses = (args: string[], words: RegExp, env = {}) =>
  assert.throws(
    () => readArguments(args, env),
    (error: Error) => error instanceof WrongArgument && words.test(error.message),
  );

test("with nothing said, the demo's own clip goes to the emulator and everything stays up", () => {
  const { video, once, roboflow, key } = readArguments([], { ROBOFLOW_API_KEY: "not for the emulator" });
  assert.equal(path.basename(video), "yard.mp4");
  assert.deepEqual({ once, roboflow, key }, { once: false, roboflow: false, key: "demo" });
});

test("a relative path is meant from where npm was typed", () => {
  const { video } = readArguments(["--video", path.basename(__filename)], { INIT_CWD: __dirname });
  assert.equal(video, path.join(__dirname, path.basename(__filename)));
});

test("a web address is taken as it is", () => {
  assert.equal(
    readArguments(["--video", "https://example.com/a.mp4"], {}).video,
    "https://example.com/a.mp4",
  );
});

test("a clip that is not there or is a folder is refused by its path", () => {
  refuses(["--video", "/nowhere/clip.mp4"], /file not found: \/nowhere\/clip\.mp4/);
  refuses(["--video", __dirname], /is not a file/);
});

test("a key means Roboflow itself; --roboflow takes it from the environment", () => {
  assert.deepEqual(pick(readArguments(["--key", "abc"], {})), [true, "abc"]);
  assert.deepEqual(pick(readArguments(["--roboflow"], { ROBOFLOW_API_KEY: "xyz" })), [true, "xyz"]);
  refuses(["--roboflow"], /needs a key/);
});

test("what cannot be understood is refused", () => {
  refuses(["--vidoe", "x"], /vidoe/);
  refuses(["--model", "no-version"], /--model takes/);
  refuses(["--time-limit", "soon"], /--time-limit takes/);
});

const pick = ({ roboflow, key }: ReturnType<typeof readArguments>) => [roboflow, key];
