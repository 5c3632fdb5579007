import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Emulator } from "../../../emulator/emulator";
import { emulatorFor, knownKey } from "../../support/client-of";

const script = path.join(__dirname, "..", "..", "..", "live", "check-live.ts");

/** Runs the script against an emulator. */
async function check(emulator: Emulator, ...more: string[]) {
  const words = ["--import", "tsx", script, "--base-url", emulator.url, "--interval", "0.1", ...more];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, ROBOFLOW_API_KEY: knownKey },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [report, said] = ["", ""];
  child.stdout.on("data", (chunk) => {
    report += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  /** The answer to the question that holds these words. */
  const answer = (words: string) => {
    const row = report.split("\n").find((line) => line.includes(words) && line.startsWith("|"));
    assert.ok(row, `${words}\n${report}\n${said}`);
    return row.split(" | ").slice(1).join(" | ");
  };
  return { status, report, said, answer };
}

const start = (t: TestContext, options: Parameters<typeof emulatorFor>[1] = {}) =>
  emulatorFor(t, { jobSeconds: 0.2, strictPolling: true, pollFloorSeconds: 0.05, ...options });

describe("the check of the live server", () => {
  it("runs one small job and answers what is unknown, without a secret", async (t) => {
    const emulator = await start(t, { uploadLifetime: 4321, outputLifetime: 1234, statusMissingPolls: 1 });
    const { status, report, said, answer } = await check(emulator, "--yes", "--early");
    assert.equal(status, 0, said);
    assert.equal(emulator.ledger.jobs.length, 1);
    assert.equal(emulator.ledger.jobs[0]?.inferFps, 1);
    assert.match(said, /This runs one job at 127\.0\.0\.1.* 1 second at 1 frame per second/s);

    assert.match(answer("`Authorization`"), /^no: HTTP 401/);
    assert.match(answer("wrong key"), /^HTTP 401 after \d+ ms, application\/json: \{/);
    assert.match(answer("upload URL live"), /^4321 s/);
    assert.match(answer("one name lead to the same object"), /^yes/);
    assert.match(answer("content type signed"), /^yes: with video\/mp4 HTTP 403/);
    assert.match(answer("same name replace"), /^yes: HTTP 200, then 200/);
    assert.match(answer("downloaded again"), /^HTTP 40\d/);
    assert.match(answer("without a model"), /^HTTP 422 .*at least one model/);
    assert.match(answer("unknown job"), /^HTTP 404/);
    assert.match(answer("start answered"), /^HTTP 200 .*<job id>/);
    assert.match(answer("at once again"), /^HTTP 429/);
    assert.match(
      answer("Which statuses"),
      /^after 0 s HTTP 200, status undefined.*; .*status 0 \(.*output_signed_url/,
    );
    assert.match(answer("job end"), /^with a result/);
    assert.match(answer("result URL live"), /^1234 s/);
    assert.match(
      answer("in a result"),
      /frame_offset: 10 entries, first 0; time_offset: 10 entries.*<model>: 10 entries with/,
    );
    assert.match(answer("renewed result URL"), /^yes/);
    assert.match(answer("first result URL still work"), /^yes/);

    const job = emulator.ledger.jobs[0];
    assert.ok(job);
    const signature = new URL(job.inputUrl).searchParams.get("X-Goog-Signature");
    const account = new URL(job.inputUrl).pathname.split("/")[2];
    assert.ok(signature && account);
    for (const secret of [
      knownKey,
      encodeURIComponent(knownKey),
      signature,
      account,
      job.jobId,
      String(job.models[0]?.model_id),
    ])
      assert.ok(!report.includes(secret), `${secret}\n${report}`);
    assert.ok(!said.includes(knownKey) && !said.includes(signature));
  });

  it("starts nothing where nobody can be asked, after it has said what it would cost", async (t) => {
    const emulator = await start(t);
    const { status, said, report } = await check(emulator);
    assert.equal(status, 2);
    assert.match(said, /Roboflow charges .*add --yes.*Nothing was started/s);
    assert.equal(report, "");
    assert.deepEqual(emulator.ledger.uploads, []);
  });

  it("tells how a job is refused, and how one fails", async (t) => {
    const emulator = await start(t);
    // The first start is the one that is refused on purpose.
    emulator.fault(
      { kind: "start", do: "answer", status: 422 },
      { kind: "start", do: "answer", status: 402 },
    );
    const refused = await check(emulator, "--yes");
    assert.equal(refused.status, 1);
    assert.match(refused.answer("start answered"), /^HTTP 402/);
    assert.match(refused.said, /not complete/);

    emulator.clearFaults();
    emulator.fault({ kind: "job", do: "fail", status: 3 });
    const failed = await check(emulator, "--yes");
    assert.equal(failed.status, 1);
    assert.match(failed.answer("job end"), /^HTTP 200 .*"status":3/);
  });

  it("says what a wrong key leads to, without the key", async (t) => {
    const emulator = await start(t, { apiKey: "another" });
    const { status, said, report } = await check(emulator, "--yes");
    assert.deepEqual([status, report], [2, ""]);
    assert.match(said, /AUTH.*HTTP 401/);
    assert.ok(!said.includes(knownKey));
  });
});
