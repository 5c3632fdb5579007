import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { NodeRed, type RecordedMessage } from "../support/node-red";
import { type Comms, listenAsEditor } from "./comms";
import { echoSignature, echoTicket, startEchoServer } from "./echo-server";
import { adminAnswers, flowsFor, given, keys, password, pushThrough } from "./secret-traffic";

let folder: string;
let emulator: Emulator;
let nodeRed: NodeRed;
let comms: Comms;
let output: string;
let admin: string;
/** Every signature that was given out or brought along. */
let signatures: string[];
const cleanUps: (() => void)[] = [];

const userDir = () => path.join(folder, "user");
const temporary = () => path.join(folder, "tmp");

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "roboflow-secrets-"));
  mkdirSync(temporary());
  emulator = await startEmulator({ apiKey: keys.good, analyse: false, jobSeconds: 0, builtInFrames: 5 });
  const echo = await startEchoServer({ after: (clean: () => void) => cleanUps.push(clean) } as never);
  const flows = flowsFor(emulator.url, echo.url, temporary());
  nodeRed = await NodeRed.start({
    userDir: userDir(),
    flows,
    credentials: {
      "account-good": { apiKey: keys.good },
      "account-wrong": { apiKey: keys.wrong },
      "account-echo": { apiKey: keys.good },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as Node-RED's users write it
      "account-unset": { apiKey: "${ROBOFLOW_NOT_SET}" },
      "account-password": { apiKey: keys.good },
    },
    env: { ROBOFLOW_API_KEY: keys.environment, TMPDIR: temporary() },
    settings: 'logging: { console: { level: "trace", metrics: true, audit: true } },',
  });
  comms = await listenAsEditor(nodeRed.url);
  const traffic = { nodeRed, flows, emulator, echo: echo.url, folder };
  await pushThrough(traffic);
  admin = await adminAnswers(traffic);
  // What was handed over stays in the journal for a second or two.
  await delay(300);
  output = nodeRed.output;
  signatures = [...new Set([...found(recordsText()), ...given, echoSignature, echoTicket])];
});
after(async () => {
  comms?.close();
  await nodeRed?.stop();
  await emulator?.close();
  for (const clean of cleanUps) clean();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

const recordsText = () => readFileSync(path.join(userDir(), "records.jsonl"), "utf8");
const found = (text: string) =>
  [...text.matchAll(/X-Goog-Signature=(\w+)/gi)].map(([, signature]) => signature as string);

/** Every spelling in which a secret may turn up. */
const spellings = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
];

/** Also a good half of it: a text that was cut short still gives it away. */
function assertFree(text: string, secrets: readonly string[], where: string): void {
  for (const secret of secrets)
    for (const spelling of spellings(secret))
      for (const part of [spelling, spelling.slice(0, 10)]) {
        const at = text.indexOf(part);
        assert.equal(at, -1, `${part} in ${where}: …${text.slice(Math.max(0, at - 200), at + 100)}…`);
      }
}
const noKeys = (text: string, where: string) => assertFree(text, [...Object.values(keys), password], where);
const noSignatures = (text: string, where: string) => {
  assertFree(text, signatures, where);
  // Of links that led to no message nobody here knows the signature.
  const [found] = /.{0,200}X-Goog-Signature(?:=|%3D)\w.{0,80}/i.exec(text) ?? [];
  assert.equal(found, undefined, `a signature in ${where}`);
};
const noSecrets = (text: string, where: string) => {
  noKeys(text, where);
  noSignatures(text, where);
};

/** A message without the two places where signatures belong. */
const elsewhereIn = ({ payload: _payload, roboflow: _roboflow, ...elsewhere }: Record<string, unknown>) =>
  JSON.stringify(elsewhere);

function files(root: string): string[] {
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(root, entry.name);
    // The checkout that is linked in there is looked at as a tarball.
    if (entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? files(file) : [file];
  });
}

test("the messages have met what they were meant to meet", () => {
  const codes = new Set(nodeRed.records("caught").map(({ msg }) => msg.error.code));
  const met = ["AUTH", "CONFIG", "INPUT", "JOB_FAILED", "NETWORK", "NOT_FOUND", "PLAN", "REJECTED", "SERVER"];
  for (const code of [...met, "START_UNCERTAIN"]) assert.ok(codes.has(code), `${code} among ${[...codes]}`);
  assert.ok(signatures.length >= 6, `${signatures.length} signatures are known`);
  assert.ok(comms.debugged().length > 60, `${comms.debugged().length} messages in the sidebar`);
  assert.match(output, /\[trace\]|\[metric\]/i);
});

test("neither key nor signature stands in what Node-RED prints, at level trace", () => {
  noSecrets(output, "the log");
});

test("neither key nor signature stands in an error at a Catch node, its cause included", () => {
  const caught = nodeRed.records("caught");
  for (const { msg } of caught) noSecrets(elsewhereIn(msg), `the Catch message of ${msg.error.source.id}`);
  assert.ok(
    caught.some(({ msg }) => msg.error.cause),
    "some had a cause",
  );
});

test("the key stands in no message, and signatures only in payload and msg.roboflow", () => {
  noKeys(recordsText(), "a message");
  const outward: RecordedMessage[] = [...nodeRed.records("out"), ...nodeRed.records("chain")];
  for (const { msg } of outward) noSignatures(elsewhereIn(msg), "a message");
});

test("neither stands in a status, as Status nodes and the editor get it", () => {
  for (const { msg } of nodeRed.records("status")) noSecrets(JSON.stringify(msg.status), "a status");
});

test("the debug sidebar shows complete messages without a key, and signatures only where they belong", () => {
  noKeys(comms.text(), "the websocket");
  const shown = comms.debugged();
  for (const text of shown)
    noSignatures(text.startsWith("{") ? elsewhereIn(JSON.parse(text)) : text, "the sidebar");
  const besides = comms
    .text()
    .split("\n")
    .flatMap((text) => (JSON.parse(text) as { topic?: string }[]).filter(({ topic }) => topic !== "debug"));
  assert.ok(besides.length > 0, "statuses came as well");
  noSignatures(JSON.stringify(besides), "the websocket");
});

test("neither stands in what the admin API answers", () => {
  assert.match(admin, /"ok":true/, "a good key's answer is among them");
  assert.match(admin, /"ok":false/);
  // The server's address is configuration, as it was typed.
  noSecrets(admin.replaceAll(`user:${password}@`, ""), "an admin answer");
});

test("the key stands in the credentials file and in no other", () => {
  const holding = files(folder).filter((file) => {
    const text = readFileSync(file, "latin1");
    return Object.values(keys).some((key) => spellings(key).some((spelling) => text.includes(spelling)));
  });
  assert.deepEqual(
    holding.map((file) => path.basename(file)),
    ["flows_cred.json"],
  );
});

test("signatures stand in the journal, which only its owner may read, and in no other file", () => {
  const holding = files(folder).filter((file) => {
    const text = readFileSync(file, "latin1");
    return signatures.some((signature) => text.includes(signature));
  });
  const journal = path.join(userDir(), "roboflow-video");
  const records = path.join(userDir(), "records.jsonl");
  const others = holding.filter((file) => !file.startsWith(journal + path.sep) && file !== records);
  assert.deepEqual(others, []);
  const entries = files(journal);
  assert.ok(entries.length > 0, "work was in hand");
  for (const file of entries) assert.equal(statSync(file).mode & 0o777, 0o600, file);
});

test("no key, signature or private key is packed", () => {
  const root = path.join(__dirname, "..", "..");
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: process.platform === "win32",
  });
  const [{ filename }] = JSON.parse(packed);
  const text = execFileSync("tar", ["-xzOf", path.join(folder, filename)], { maxBuffer: 1 << 28 }).toString(
    "latin1",
  );
  noSecrets(text, "the tarball");
  assert.doesNotMatch(text, /X-Goog-Signature=[0-9a-f]{12}|PRIVATE KEY-----|"apiKey": ?"rf/);
});
