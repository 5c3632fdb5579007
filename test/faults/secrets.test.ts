import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { requestHeader } from "../../nodes/runtime/request-header";
import {
  catchNodes,
  type FlowNode,
  injectNodes,
  NodeRed,
  type RecordedMessage,
  recordNode,
} from "../support/node-red";
import { recording, writeTo } from "../support/recordings";
import { type Comms, listenAsEditor } from "./comms";
import { echoSignature, echoTicket, startEchoServer } from "./echo-server";

/** The keys, each found wherever it turns up. */
const keys = {
  good: "rfGOOD+Key/5vQ2mXw9",
  wrong: "rfWRONGkeyB7tK1pLz4",
  environment: "rfENVkeyN3cJ8hYq6",
  typed: "rfTYPEDkeyD0sR5gUf7",
};
const password = "hunter2pass";
/** Signatures that messages bring along. */
const given = ["9a7e11fed0c5", "bad51900d5ec4e7"] as const;

const model = { modelId: "yard-motion", modelVersion: "1", inferenceType: "object-detection" };
const accounts = ["good", "wrong", "echo", "environment", "unset", "password"] as const;
type Account = (typeof accounts)[number];
const steps = ["upload", "start", "poll", "download"] as const;

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
  nodeRed = await NodeRed.start({
    userDir: userDir(),
    flows: flowsFor(emulator.url, echo.url),
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
  await pushThrough(echo.url);
  admin = await adminAnswers(echo.url);
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

function flowsFor(api: string, echo: string): FlowNode[] {
  const baseUrls: Record<Account, string> = {
    good: api,
    wrong: api,
    echo,
    environment: api,
    unset: api,
    password: `http://user:${password}@127.0.0.1:9`,
  };
  const settings = {
    upload: {},
    start: { models: [model] },
    poll: { interval: 0.2, timeout: 3 / 3600 },
    download: { output: "results" },
  };
  const step = (account: Account, type: (typeof steps)[number], to: string[], more = {}) => ({
    id: `${type}-${account}`,
    type: `roboflow-video-${type}`,
    z: "tab",
    account: `account-${account}`,
    ...settings[type],
    ...more,
    wires: [to, ["debug"]],
  });
  const singles = accounts.flatMap((account) =>
    steps.flatMap((type) => [
      ...injectNodes(`${type}-${account}`, [`${type}-${account}`]),
      step(account, type, ["debug", "record-out"]),
    ]),
  );
  const all = ["debug", "record-out"];
  const chain = [
    ...injectNodes("chain", ["chain-upload"]),
    step("good", "upload", [...all, "chain-start"], { id: "chain-upload" }),
    step("good", "start", [...all, "chain-poll"], { id: "chain-start" }),
    step("good", "poll", [...all, "chain-results", "chain-frames", "chain-file"], { id: "chain-poll" }),
    step("good", "download", [...all, "record-chain"], { id: "chain-results" }),
    step("good", "download", [...all, "record-chain"], { id: "chain-frames", output: "frames" }),
    step("good", "download", [...all, "record-chain"], {
      id: "chain-file",
      output: "file",
      filename: path.join(temporary(), "{{roboflow.jobId}}.json"),
    }),
    ...injectNodes("bare", ["bare"]),
    step("good", "download", all, { id: "bare", account: "" }),
  ];
  return [
    { id: "tab", type: "tab", label: "tab" },
    ...accounts.map((account) => ({
      id: `account-${account}`,
      type: "roboflow-video-account",
      name: account,
      baseUrl: baseUrls[account],
      maxUploads: 0,
    })),
    ...singles,
    ...chain,
    {
      id: "debug",
      type: "debug",
      z: "tab",
      active: true,
      tosidebar: true,
      console: false,
      tostatus: false,
      complete: "true",
      targetType: "full",
      wires: [],
    },
    recordNode("out"),
    recordNode("chain"),
    ...catchNodes().map((node) =>
      node.id === "catch" ? { ...node, wires: [["record-caught", "debug"]] } : node,
    ),
    { id: "status", type: "status", z: "tab", scope: null, wires: [["record-status", "debug"]] },
    recordNode("status"),
  ];
}

/** Sends everything through that these nodes meet, and waits until each message has its outcome. */
async function pushThrough(echo: string): Promise<void> {
  const clip = (name: string) => writeTo(folder, `${name}.mp4`, recording("mp4", 30_000));
  const signed = (host: string, signature: string = given[0]) =>
    `${host}/v.mp4?X-Goog-Signature=${signature}`;
  let failures = 0;
  const fails = async (feed: string, msg: unknown) => {
    failures += 1;
    await nodeRed.inject(feed, msg);
  };

  await nodeRed.inject("chain", { payload: clip("fine") });
  // Five frames, one value and one file.
  await nodeRed.recorded("chain", 7);
  await nodeRed.inject("upload-good", { payload: signed("https://cameras.example") });
  const links = nodeRed.records("out").flatMap(({ msg }) => msg.payload?.output_signed_url ?? []);

  // What the emulator does wrong, by clip; each for good, so that the last word is an error.
  const faults = {
    reset: { do: "reset" },
    redirect: { do: "redirect", location: `${echo}/elsewhere?api_key=${keys.good}` },
    echoed: {
      do: "answer",
      status: 422,
      body: `POST /videoinfer/?api_key=${keys.good} and ${encodeURIComponent(keys.good)}`,
    },
    html: { do: "html", status: 418 },
    credits: { do: "answer", status: 429, message: `no credits left for ${keys.good}` },
    crash: { do: "answer", status: 500, body: { error: { message: `failed for ${keys.good}` } } },
  } as const;
  for (const [name, fault] of Object.entries(faults))
    for (const kind of ["signed-url", "put", "start"] as const) {
      const match = `${name}-${kind}`;
      emulator.fault({ ...fault, kind, match, count: 0 });
      if (kind === "start") await fails("start-good", { payload: signed(`https://${match}.example`) });
      else await fails("upload-good", { payload: clip(match) });
    }

  for (const account of ["wrong", "environment", "unset", "password"] as const) {
    await fails(`upload-${account}`, { payload: clip(`by-${account}`) });
    await fails(`start-${account}`, { payload: signed("https://cameras.example") });
    await fails(`poll-${account}`, { payload: "some-job" });
  }
  await fails("upload-echo", { payload: clip("echo") });
  await fails("start-echo", { payload: signed("https://cameras.example") });
  await fails("start-echo", { payload: signed("https://lost.example") });
  for (const job of ["as-page", "as-text", "failed", "other"]) await fails("poll-echo", { payload: job });
  await fails("download-echo", { payload: { output_signed_url: signed(`${echo}/bucket`) } });
  await fails("bare", { payload: { output_signed_url: signed(`${echo}/bucket`, given[1]) } });

  emulator.expireLinks();
  await fails("bare", { payload: { output_signed_url: links[0] } });

  const misplaced = signed("storage.example");
  await fails("upload-good", { payload: misplaced });
  await fails("upload-good", { payload: { url: signed("https://storage.example") } });
  await fails("upload-good", { payload: path.join(folder, `x?X-Goog-Signature=${given[1]}.mp4`) });
  await fails("start-good", { payload: misplaced });
  await fails("start-good", { payload: { input_url: signed("https://storage.example") } });
  await fails("poll-good", { payload: { job: signed("https://storage.example") } });
  await fails("poll-good", { payload: signed("https://storage.example") });
  await fails("download-good", { payload: { output_signed_url: `ftp://x/${misplaced}` } });
  await fails("download-good", { payload: { output_signed_url: 7 } });

  await nodeRed.recorded("caught", failures, 60_000);
  // A deploy with work in hand.
  emulator.fault({ kind: "job", do: "never", count: 0 });
  emulator.fault({ kind: "put", do: "silent", match: "silent", count: 0 });
  await nodeRed.inject("upload-good", { payload: clip("silent") });
  await nodeRed.inject("chain", { payload: clip("unfinished") });
  await delay(500);
  await nodeRed.deploy(flowsFor(emulator.url, echo), "full");
  await delay(500);
}

/** Everything that an editor can ask for. */
async function adminAnswers(echo: string): Promise<string> {
  const answers: string[] = [];
  const ask = async (address: string, body?: unknown) => {
    const response = await fetch(`${nodeRed.url}${address}`, {
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        [requestHeader]: "XMLHttpRequest",
      },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    answers.push(`${address} ${response.status} ${await response.text()}`);
  };
  for (const address of [
    "/flows",
    "/nodes",
    "/settings",
    "/settings/user",
    "/diagnostics",
    "/context/global",
  ])
    await ask(address);
  for (const account of accounts) {
    await ask(`/credentials/roboflow-video-account/account-${account}`);
    await ask(`/roboflow-video/account/account-${account}/models`, { refresh: true });
    await ask("/roboflow-video/account/test", {
      account: `account-${account}`,
      apiKey: "",
      baseUrl: account === "echo" ? echo : emulator.url,
    });
  }
  await ask("/roboflow-video/account/test", { account: "", apiKey: keys.typed, baseUrl: echo });
  await ask("/roboflow-video/account/test", { account: "", apiKey: keys.typed, baseUrl: emulator.url });
  for (const node of ["poll-good", "chain-poll"]) await ask(`/roboflow-video/poll/${node}/jobs`);
  return answers.join("\n");
}

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
