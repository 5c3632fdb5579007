import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Emulator } from "../../emulator/emulator";
import { requestHeader } from "../../nodes/runtime/request-header";
import { catchNodes, type FlowNode, injectNodes, type NodeRed, recordNode } from "../support/node-red";
import { recording, writeTo } from "../support/recordings";

/** The keys, each found wherever it turns up. */
export const keys = {
  good: "rfGOOD+Key/5vQ2mXw9",
  wrong: "rfWRONGkeyB7tK1pLz4",
  environment: "rfENVkeyN3cJ8hYq6",
  typed: "rfTYPEDkeyD0sR5gUf7",
};
export const password = "hunter2pass";
/** Signatures that messages bring along. */
export const given = ["9a7e11fed0c5", "bad51900d5ec4e7"] as const;

const model = { modelId: "yard-motion", modelVersion: "1", inferenceType: "object-detection" };
const accounts = ["good", "wrong", "echo", "environment", "unset", "password"] as const;
type Account = (typeof accounts)[number];
const steps = ["upload", "start", "poll", "download"] as const;

/** The Node-RED that everything goes through, and what it talks to. */
export interface Traffic {
  nodeRed: NodeRed;
  /** What it runs. */
  flows: FlowNode[];
  emulator: Emulator;
  /** The address of the server that answers with what it was sent. */
  echo: string;
  /** Where clips are written. */
  folder: string;
}

/**
 * Each of the four nodes by itself for every account, and the four in a row, all with the debug sidebar.
 * @param into the folder that results are written to
 */
export function flowsFor(api: string, echo: string, into: string): FlowNode[] {
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
      filename: path.join(into, "{{roboflow.jobId}}.json"),
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
export async function pushThrough({ nodeRed, emulator, echo, folder, flows }: Traffic): Promise<void> {
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
  await nodeRed.deploy(flows, "full");
  await delay(500);
}

/** Everything that an editor can ask for. */
export async function adminAnswers({ nodeRed, emulator, echo }: Traffic): Promise<string> {
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
