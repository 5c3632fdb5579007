import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { requestHeader } from "../../nodes/runtime/request-header";
import { NodeRed } from "../support/node-red";
import { credentials, newUserDir, pipeline } from "../support/pipeline";

let roboflow: Emulator;
let nodeRed: NodeRed;
before(async () => {
  roboflow = await startEmulator();
  nodeRed = await NodeRed.start({
    userDir: newUserDir(),
    flows: pipeline(roboflow.url),
    credentials,
    // The token is the user's name: one who may look, and one who may do everything.
    settings: `adminAuth: {
      type: "credentials",
      users: [],
      tokens: async (token) => ({ username: token, permissions: token === "reader" ? "read" : "*" }),
    },`,
  });
});
after(async () => {
  await nodeRed?.stop();
  await roboflow?.close();
  if (nodeRed) rmSync(nodeRed.options.userDir, { recursive: true, force: true });
});

/** Calls an admin endpoint and gives the HTTP status of its answer. */
async function statusFor(user: string, [method, url, body]: Call): Promise<number> {
  const response = await fetch(`${nodeRed.url}/roboflow-video/${url}`, {
    method,
    headers: {
      "Content-Type": "application/json",
      [requestHeader]: "XMLHttpRequest",
      ...(user ? { Authorization: `Bearer ${user}` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  await response.text();
  return response.status;
}

type Call = [method: string, url: string, body?: object];

const looking: Call[] = [
  ["GET", "poll/po/jobs"],
  ["GET", "download/do/preview"],
];
/** What uses the key, or changes something. */
const acting: Call[] = [
  ["POST", "account/test", { account: "acc", apiKey: "", baseUrl: "http://127.0.0.1:1" }],
  ["POST", "account/acc/models", {}],
  ["POST", "poll/po/forget", { entry: "none" }],
];

test("who is not signed in gets nothing", async () => {
  for (const call of [...looking, ...acting]) assert.equal(await statusFor("", call), 401, call[1]);
});

test("who may only look sees the pending jobs and the last result, and can neither use the key nor forget a job", async () => {
  for (const call of looking) assert.equal(await statusFor("reader", call), 200, call[1]);
  for (const call of acting) assert.equal(await statusFor("reader", call), 401, call[1]);
  assert.equal(roboflow.ledger.requests.length, 0);
});

test("who may change flows can do both", async () => {
  for (const call of [...looking, ...acting]) assert.ok((await statusFor("owner", call)) < 300, call[1]);
  assert.ok(roboflow.ledger.requests.length > 0);
});
