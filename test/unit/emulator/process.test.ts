import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startEmulatorProcess } from "../../../emulator/process";
import { call, outcome, start, upload } from "../../support/emulator-calls";
import { temporaryFolder } from "../../support/recordings";

const main = join(__dirname, "..", "..", "..", "emulator", "main.ts");

test("the emulator alone prints one line with its address and what it is", async () => {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", main, "--api-key", "mine", "--job-seconds", "1"],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let printed = "";
  child.stdout.on("data", (text) => {
    printed += text;
  });
  await once(child.stdout, "data");
  assert.match(printed, /^http:\/\/127\.0\.0\.1:\d+ .*motion detector.*not a model.*\n$/);
  const url = printed.split(" ")[0];
  assert.equal((await call(`${url}/?api_key=mine`)).status, 200);
  assert.equal((await call(`${url}/?api_key=demo`)).status, 401);
  child.kill("SIGTERM");
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  assert.equal(printed.split("\n").length, 2);
});

test("a flag that is no number is said, and nothing is started", async () => {
  const failed = await promisify(execFile)(process.execPath, ["--import", "tsx", main, "--port", "abc"]).then(
    () => assert.fail("started"),
    (error: { stderr: string; stdout: string }) => error,
  );
  assert.match(failed.stderr, /--port takes a number, not "abc"/);
  assert.equal(failed.stdout, "");
});

test("it leaves no files behind, neither when it is ended nor when its port is taken", async (t) => {
  const folder = temporaryFolder(t);
  const run = (...flags: string[]) => {
    const child = spawn(process.execPath, ["--import", "tsx", main, ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: folder, TEMP: folder },
    });
    t.after(() => child.kill("SIGKILL"));
    return child;
  };
  const left = () => readdirSync(folder).filter((name) => name.startsWith("roboflow-emulator-"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const child = run();
    const [printed] = await once(child.stdout, "data");
    const port = /:(\d+) /.exec(String(printed))?.[1] ?? "";
    assert.equal(left().length, 1);

    const late = run("--port", port);
    const [words] = await once(late.stderr, "data");
    assert.match(String(words), /EADDRINUSE.*already in use/);
    assert.deepEqual(await once(late, "close"), [1, null]);
    assert.equal(left().length, 1);

    child.kill(signal);
    assert.deepEqual(await once(child, "close"), [0, null], signal);
    assert.deepEqual(left(), []);
  }
});

test("a test in another process orders faults, changes settings and reads the ledger", async () => {
  const emulator = await startEmulatorProcess(["--job-seconds", "0", "--set", "analyse=false"]);
  await emulator.set({ builtInFrames: 4 });
  const link = await upload(emulator, Buffer.from("video"), "far.mp4");
  await emulator.fault(
    { kind: "start", do: "answer", status: 503 },
    { kind: "result", do: "empty", count: 5 },
  );
  assert.equal((await start(emulator, link)).status, 503);
  await emulator.clearFaults();
  const { json } = await start(emulator, link);
  const { output_signed_url } = await outcome(emulator, json.job_id);
  assert.equal((await call(output_signed_url)).json.frame_offset.length, 4);
  await emulator.expireLinks();
  assert.equal((await call(output_signed_url)).status, 400);
  const ledger = await emulator.ledger();
  assert.deepEqual(ledger.clips, { "far.mp4": { uploads: 1, jobs: 1 } });
  assert.equal(ledger.requests.filter(({ kind }) => kind === "start").length, 2);
  assert.ok(ledger.requests.every(({ path }) => !path.startsWith("/__emulator")));
  await assert.rejects(emulator.set({ nonsense: 1 } as object), /no such setting/);
  await emulator.clearLedger();
  assert.deepEqual((await emulator.ledger()).requests, []);
  await emulator.stop();
});
