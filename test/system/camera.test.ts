import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { requestHeader } from "../../nodes/runtime/request-header";
import { startLighttpd } from "../support/lighttpd";
import { serve } from "../support/local-server";
import {
  catchNodes,
  type FlowNode,
  freePort,
  injectNodes,
  NodeRed,
  recordNode,
  until,
} from "../support/node-red";
import { journalFiles } from "../support/pipeline";

/** Found wherever they turn up; the letters show whether a login goes out as UTF-8. */
const login = { user: "kämera-7Qx9", password: "gehéim/5vQ2mXw9" };
const inUrl = { user: "rekorder", password: "imURL-9Lq3Ty7" };
const yardClip = path.join(__dirname, "..", "..", "demo", "clip", "yard.mp4");
const yard = readFileSync(yardClip);
const yardHash = createHash("sha256").update(yard).digest("hex");

let folder: string;
let emulator: Emulator;
let nodeRed: NodeRed;

const userDir = () => path.join(folder, "user");
const documents = () => path.join(folder, "camera");
const kept = () => filesBelow(path.join(userDir(), "roboflow-video", ".clips"));

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-camera-"));
  mkdirSync(documents());
  cpSync(yardClip, path.join(documents(), "clip.mp4"));
  emulator = await startEmulator({ apiKey: "demo", analyse: false, jobSeconds: 0 });
  nodeRed = await start();
});
after(async () => {
  await nodeRed?.stop();
  await emulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

const flows = (): FlowNode[] => [
  { id: "tab", type: "tab", label: "tab" },
  { id: "account", type: "roboflow-video-account", baseUrl: emulator.url },
  ...["digest", "basic", "none"].flatMap((authType) => [
    ...injectNodes(authType, [authType]),
    {
      id: authType,
      type: "roboflow-video-upload",
      z: "tab",
      account: "account",
      authType: authType === "none" ? "" : authType,
      wait: 5,
      wires: [["record-out", "debug"]],
    },
  ]),
  recordNode("out"),
  ...catchNodes(),
  { id: "status", type: "status", z: "tab", scope: null, wires: [["record-status"]] },
  recordNode("status"),
];

const start = async (keepFlows = false) =>
  NodeRed.start({
    userDir: userDir(),
    flows: flows(),
    keepFlows,
    credentials: { account: { apiKey: "demo" }, digest: login, basic: login },
    settings: 'logging: { console: { level: "trace", metrics: true, audit: true } },',
    port: nodeRed?.port ?? (await freePort()),
  });

const filesBelow = (root: string): string[] =>
  existsSync(root)
    ? readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(root, entry.name);
        return entry.isDirectory() ? filesBelow(file) : entry.isFile() ? [file] : [];
      })
    : [];

const outcomes = () => nodeRed.records("out").length + nodeRed.records("caught").length;

/** Sends a URL into a node, and waits for its outcome and for the journal to have forgotten it. */
async function through(feed: string, url: string): Promise<Record<string, any>> {
  const before = outcomes();
  await nodeRed.inject(feed, { payload: url });
  await until(
    () => outcomes() > before && journalFiles(userDir()).length === 0,
    60_000,
    () => `an outcome of ${feed}\n${nodeRed.output.slice(-2000)}`,
  );
  return nodeRed.records().findLast(({ name }) => name === "out" || name === "caught")?.msg ?? {};
}

for (const algorithm of ["MD5", "SHA-256"] as const)
  test(`a camera that asks for a digest login (${algorithm}) gives its clip out`, async (t) => {
    const camera = await startLighttpd(documents(), { ...login, algorithm });
    t.after(() => camera.stop());
    const uploads = emulator.ledger.uploads.length;
    const msg = await through("digest", `${camera.url}/clip.mp4`);
    assert.equal(msg.error?.message, undefined);
    assert.equal(emulator.ledger.uploads[uploads]?.sha256, yardHash);

    const name = encodeURIComponent(login.user);
    const url = (password: string) =>
      `${camera.url.replace("//", `//${name}:${encodeURIComponent(password)}@`)}/clip.mp4`;
    assert.equal((await through("none", url(login.password))).error?.message, undefined);
    const refused = await through("none", url(`${login.password}x`));
    assert.equal(refused.error?.code, "AUTH");
    assert.equal((await through("none", `${camera.url}/clip.mp4`)).error?.code, "AUTH");
  });

test("a login is found in nothing that leaves: log, messages, statuses, admin answers, files", async (t) => {
  // What a careless server repeats: in its words, in a redirect, in a name that does not resolve.
  const echo = await serve(t, ({ url, headers }, response) => {
    const told = headers.authorization ?? "";
    const [, packed = ""] = told.split(" ");
    const plain = Buffer.from(packed, "base64").toString();
    const challenge = { "www-authenticate": 'Basic realm="camera"' };
    if (!told) response.writeHead(401, challenge).end();
    else if (url === "/clip.mp4") response.writeHead(200).end(yard);
    else if (url === "/led.mp4")
      response
        .writeHead(302, { location: `http://${plain.split(":")[1]?.replace(/\W/g, "")}.invalid/` })
        .end();
    else response.writeHead(410).end(`refused ${told}, which is ${plain}, for ${encodeURIComponent(plain)}`);
  });
  const withLogin = echo.url.replace("//", `//${inUrl.user}:${inUrl.password}@`);
  assert.equal((await through("none", `${withLogin}/clip.mp4`)).error?.message, undefined);
  for (const [feed, host] of [
    ["none", withLogin],
    ["basic", echo.url],
  ] as const)
    for (const name of ["gone.mp4", "led.mp4"]) {
      const { error } = await through(feed, `${host}/${name}`);
      assert.ok(error?.code, name);
      assertFree(JSON.stringify(error), `the error for ${name} of ${feed}`);
    }

  assertFree(nodeRed.output, "the log");
  for (const { msg } of nodeRed.records("status")) assertFree(JSON.stringify(msg.status), "a status");
  for (const { msg } of nodeRed.records("out")) assertFree(JSON.stringify(msg), "a message");
  for (const address of ["/flows", "/settings", "/diagnostics", "/credentials/roboflow-video-upload/basic"]) {
    const answer = await fetch(`${nodeRed.url}${address}`, { headers: { Accept: "application/json" } });
    // The user is configuration, shown in the dialog.
    assertFree((await answer.text()).replaceAll(login.user, ""), address);
  }
  const check = await fetch(`${nodeRed.url}/roboflow-video/upload/check`, {
    method: "POST",
    headers: { "Content-Type": "application/json", [requestHeader]: "XMLHttpRequest" },
    body: JSON.stringify({ url: `${withLogin}/gone.mp4` }),
  });
  assert.deepEqual(await check.json(), { state: "needsLogin" });

  const holding = filesBelow(userDir()).filter((file) => {
    const text = readFileSync(file, "latin1");
    return secrets.some((secret) => spellings(secret).some((spelling) => text.includes(spelling)));
  });
  // A Catch node gets the message as it came, with the URL that was sent.
  assert.deepEqual(holding.map((file) => path.basename(file)).sort(), ["flows_cred.json", "records.jsonl"]);
});

const secrets = [login.password, inUrl.password, `${inUrl.user}:`, `${login.user}:`];
const spellings = (secret: string) => [
  secret,
  Buffer.from(secret).toString("latin1"),
  encodeURIComponent(secret),
  secret.replace(/\W/g, "").toLowerCase(),
  Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -1),
];

function assertFree(text: string, where: string): void {
  for (const secret of secrets)
    for (const spelling of spellings(secret)) {
      const at = text.indexOf(spelling);
      assert.equal(at, -1, `${spelling} in ${where}: …${text.slice(Math.max(0, at - 200), at + 100)}…`);
    }
}

test("a kill in mid-fetch begins the fetch again, and leaves no part of it behind", async (t) => {
  let isStalled = true;
  let stalled: ServerResponse | undefined;
  const camera = await serve(t, (_, response) => {
    response.writeHead(200, { "content-length": yard.length });
    if (!isStalled) return void response.end(yard);
    response.write(yard.subarray(0, 60_000));
    stalled = response;
  });
  const before = outcomes();
  const keptBefore = kept().length;
  await nodeRed.inject("none", { payload: `${camera.url}/night.mp4` });
  await until(
    () => stalled !== undefined && kept().some((file) => file.endsWith(".part")),
    30_000,
    () => "half a clip",
  );
  await nodeRed.kill();
  assert.ok(kept().some((file) => file.endsWith(".part")));
  isStalled = false;
  nodeRed = await start(true);
  await until(
    () => outcomes() > before && journalFiles(userDir()).length === 0,
    60_000,
    () => `the clip\n${nodeRed.output.slice(-2000)}`,
  );
  const msg = nodeRed.records("out").at(-1)?.msg;
  assert.match(msg?.roboflow.uploadName, /^night-/);
  assert.equal(emulator.ledger.uploads.at(-1)?.sha256, yardHash);
  await until(
    () => kept().length === keptBefore + 1,
    30_000,
    () => kept().join("\n"),
  );
  assert.ok(kept().includes(msg?.roboflow.videoPath));
  assert.equal(camera.seen.length, 2);
});
