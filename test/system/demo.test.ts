import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

const root = path.join(__dirname, "..", "..");

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `npm start -- …` to its end. */
function npmStart(...args: string[]): Promise<Ran> {
  const child = spawn("npm", ["start", "--", ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const ran: Ran = { status: null, stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].on("data", (chunk) => {
      ran[name] += chunk;
    });
  return new Promise((resolve) => child.once("close", (status) => resolve({ ...ran, status })));
}

const lastLine = ({ stdout }: Ran) => stdout.trimEnd().split("\n").at(-1) ?? "";
const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith("roboflow-video-demo-"));

let earlier: string[] = [];
before(() => {
  earlier = leftovers();
});
after(() => assert.deepEqual(leftovers(), earlier, "the demo leaves nothing in the temporary folder"));

test("npm start -- --once sends the demo's clip through and ends with a line of JSON", async () => {
  const ran = await npmStart("--once");
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /motion detector/);
  const { jobId, frames, detections, classes } = JSON.parse(lastLine(ran));
  assert.match(jobId, /^[\w-]{8,}$/);
  assert.equal(frames, 75, "15 seconds at 5 frames a second");
  assert.ok(detections > 30, `${detections} detections`);
  assert.deepEqual(classes, { motion: detections });
  for (const step of ["uploaded", "job started", "still running", "job finished", "downloaded", "total"])
    assert.match(ran.stdout, new RegExp(`^ {2}${step} `, "m"));
  assert.match(
    ran.stdout,
    /^ {2}event +motion \d:\d\d–\d:\d\d, at most \d+ at once, highest confidence at \d:\d\d$/m,
  );
});

test("ports that are taken are left to those who have them", async () => {
  const taken = await Promise.all([1880, 1881].map(take));
  try {
    const ran = await npmStart("--once");
    assert.equal(ran.status, 0, ran.stderr);
    assert.doesNotMatch(ran.stdout, /127\.0\.0\.1:188[01]\b/);
  } finally {
    for (const server of taken) server?.close();
  }
});

test("a path that leads nowhere is said at once, with an exit code", async () => {
  const ran = await npmStart("--once", "--video", "/nowhere/clip.mp4");
  assert.notEqual(ran.status, 0);
  assert.match(ran.stderr, /file not found: \/nowhere\/clip\.mp4/);
});

test("a file that is no video ends with the node's own words and an exit code", async () => {
  const ran = await npmStart("--once", "--video", path.join(root, "package.json"));
  assert.notEqual(ran.status, 0);
  assert.match(
    ran.stderr,
    /The clip did not come through: Upload video: ".*package\.json" is not a video that Roboflow accepts/,
  );
});

/** Holds a port, unless somebody else does. */
function take(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
