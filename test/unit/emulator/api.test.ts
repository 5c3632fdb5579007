import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { type Emulator, startEmulator } from "../../../emulator/emulator";
import {
  call,
  detector,
  newLink,
  outcome,
  post,
  sha256,
  start,
  upload,
  yardClip,
} from "../../support/emulator-calls";

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ jobSeconds: 0.1 });
});
after(() => emulator.close());

test("the official Python client gets from a clip to its result with the calls it makes", async () => {
  const json = { "content-type": "application/json" };
  const video = readFileSync(yardClip);
  const asked = await call(`${emulator.url}/video_upload_signed_url?api_key=demo`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ file_name: "yard.mp4" }),
  });
  const signedUrl: string = asked.json.signed_url;
  const expires = Number(signedUrl.split("&X-Goog-Expires=")[1]?.split("&")[0]);
  assert.ok(expires > 0, signedUrl);
  assert.ok(new URL(signedUrl).searchParams.get("X-Goog-Algorithm"));

  const put = await call(signedUrl, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", "content-length": String(video.length) },
    body: video,
  });
  assert.equal(put.status, 200);

  const scheduled = await call(`${emulator.url}/videoinfer/?api_key=demo`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({
      input_url: signedUrl,
      infer_fps: 5,
      models: [detector, { model_id: "clip", model_version: "1", inference_type: "clip-embed-image" }],
    }),
  });
  const jobId: string = scheduled.json.job_id;
  assert.match(jobId, /^[0-9a-f]{8}-[0-9a-f]{4}-/);
  assert.equal(typeof scheduled.json.message, "string");

  let status = { status: 1, output_signed_url: "" };
  while (status.status === 1) {
    const polled = await call(`${emulator.url}/videoinfer/?api_key=demo&job_id=${jobId}`, { headers: json });
    status = polled.json;
  }
  assert.equal(status.status, 0);
  const download = await call(status.output_signed_url, { headers: json });
  assert.equal(download.headers["content-length"], String(download.bytes.length));
  assert.equal(download.json.frame_offset.length, 75);
  assert.equal(download.json["yard-motion"].length, 75);
  assert.equal(download.json.clip.length, 75);

  const noted = emulator.ledger.uploads.at(-1);
  assert.deepEqual([noted?.name, noted?.size, noted?.sha256], ["yard.mp4", video.length, sha256(video)]);
});

test("both spellings of every address work", async () => {
  for (const slash of ["", "/"]) {
    const asked = await post(`${emulator.url}/video_upload_signed_url${slash}?api_key=demo`, {
      file_name: "a.mp4",
    });
    assert.equal(asked.status, 200);
    const started = await post(`${emulator.url}/videoinfer${slash}?api_key=demo`, {});
    assert.equal(started.status, 422);
    const polled = await call(`${emulator.url}/videoinfer${slash}?api_key=demo&job_id=none`);
    assert.equal(polled.status, 404);
  }
});

test("a wrong or missing key is refused everywhere in the API's own shape", async () => {
  const { url } = emulator;
  for (const query of ["?api_key=wrong", "", "?api_key="]) {
    const replies = [
      await post(`${url}/video_upload_signed_url/${query}`, { file_name: "a.mp4" }),
      await post(`${url}/videoinfer/${query}`, {}),
      await call(`${url}/videoinfer/${query}`),
      await call(`${url}/${query}`),
      await call(`${url}/yard-cameras${query}`),
      await call(`${url}/yard-cameras/yard-motion${query}`),
    ];
    for (const { status, json } of replies) {
      assert.equal(status, 401);
      assert.equal(json.error.type, "OAuthException");
      assert.ok(json.error.message && json.error.hint);
    }
  }
});

test("a file name must be there and be a bare name", async () => {
  for (const body of [{}, { file_name: "" }, { file_name: "folder/a.mp4" }, { file_name: 3 }]) {
    assert.equal((await post(`${emulator.url}/video_upload_signed_url/?api_key=demo`, body)).status, 422);
  }
});

test("a job is refused when its request is not in order", async () => {
  const link = await upload(emulator, Buffer.from("video"));
  const statusOf = async (more: Record<string, unknown>) => (await start(emulator, link, more)).status;
  assert.equal(await statusOf({ infer_fps: 0.5 }), 422);
  assert.equal(await statusOf({ infer_fps: "5" }), 422);
  assert.equal(await statusOf({ models: [] }), 422);
  assert.equal(await statusOf({ models: undefined }), 422);
  assert.equal(await statusOf({ models: [{ ...detector, model_version: 1 }] }), 422);
  assert.equal(await statusOf({ models: [{ ...detector, inference_type: "semantic-segmentation" }] }), 422);
  assert.equal(await statusOf({ models: [{ ...detector, model_id: "unknown-thing" }] }), 404);
  assert.equal(await statusOf({ models: [{ ...detector, model_id: "yard-motion/1" }] }), 404);
  assert.equal(await statusOf({ models: [{ ...detector, model_version: "3" }] }), 404, "not trained");
  assert.equal(await statusOf({ input_url: "yard.mp4" }), 422);
  assert.equal(await statusOf({ input_url: await newLink(emulator, "later.mp4") }), 400, "nothing uploaded");
  assert.equal(await statusOf({ input_url: link.replace(/\w{8}$/, "00000000") }), 400, "bad signature");
  assert.equal(await statusOf({}), 200);
});

test("a key opens a workspace with projects of each kind, and versions say whether they are trained", async () => {
  const root = await call(`${emulator.url}/?api_key=demo`);
  const slug: string = root.json.workspace;
  const { workspace } = (await call(`${emulator.url}/${slug}?api_key=demo`)).json;
  assert.equal(workspace.url, slug);
  const types = workspace.projects.map((project: { type: string }) => project.type);
  assert.ok(types.includes("object-detection") && types.includes("semantic-segmentation"));
  const first = workspace.projects[0];
  assert.equal(first.versions, 3);
  const { versions } = (await call(`${emulator.url}/${first.id}?api_key=demo`)).json;
  assert.deepEqual(
    versions.map((version: { id: string; model?: unknown }) => [version.id, "model" in version]),
    [
      [`${first.id}/1`, true],
      [`${first.id}/2`, true],
      [`${first.id}/3`, false],
    ],
  );
  assert.equal((await call(`${emulator.url}/elsewhere?api_key=demo`)).status, 404);
  assert.equal((await call(`${emulator.url}/${slug}/nothing?api_key=demo`)).status, 404);
});

test("a video of a public address is fetched, without an upload", async () => {
  const site = createServer((request, response) => {
    if (request.url === "/cam/yard.mp4") response.end(readFileSync(yardClip));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const { port } = site.address() as { port: number };
  const good = await start(emulator, `http://127.0.0.1:${port}/cam/yard.mp4`);
  assert.equal((await outcome(emulator, good.json.job_id)).status, 0);
  assert.equal(emulator.ledger.jobsOf("yard.mp4").at(-1)?.jobId, good.json.job_id);
  const bad = await start(emulator, `http://127.0.0.1:${port}/gone.mp4`);
  const failed = await outcome(emulator, bad.json.job_id);
  assert.equal(failed.status, 2);
  assert.match(failed.message, /could not be fetched.*404/);
  site.closeAllConnections();
  site.close();
});
