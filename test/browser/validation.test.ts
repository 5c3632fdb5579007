import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { launchChromium } from "../support/chromium";
import type { FlowNode, NodeRed } from "../support/node-red";
import { Editor } from "./support/editor";
import { startInstalled, stopInstalled, versions } from "./support/versions";

type Properties = Record<string, unknown>;

const row = {
  modelId: "project",
  modelVersion: "4",
  inferenceType: "object-detection",
  confidence: 0.4,
  inferenceParams: "",
};
const models = (changes: Properties) => ({ models: [{ ...row, ...changes }] });
const start = "roboflow-video-start";
const upload = "roboflow-video-upload";
const poll = "roboflow-video-poll";
const download = "roboflow-video-download";

/** What cannot work, and the words that are to be read about it. */
const wrong: [id: string, type: string, properties: Properties, words: RegExp][] = [
  ["upload-no-account", upload, { account: "" }, /account/i],
  ["upload-no-video", upload, { video: "", videoType: "msg" }, /Video: must not be empty/],
  ["start-no-account", start, { account: "" }, /account/i],
  ["start-rate-0", start, { inferFps: "0" }, /Frames per second \(FPS\): must be a number from 1 to 120/],
  ["start-rate-121", start, { inferFps: "121" }, /Frames per second \(FPS\): must be a number from 1 to 120/],
  ["start-rate-words", start, { inferFps: "often", inferFpsType: "str" }, /from 1 to 120/],
  [
    "start-no-web-address",
    start,
    { inputUrl: "yard.mp4", inputUrlType: "str" },
    /must be an http or https URL/,
  ],
  [
    "start-confidence",
    start,
    models({ confidence: 1.5 }),
    /Models: the minimum confidence must be .* 0 to 1/,
  ],
  ["start-json", start, models({ inferenceParams: "{iou: 1}" }), /Models: .*not a JSON object/],
  ["start-json-list", start, models({ inferenceParams: "[1]" }), /Models: .*not a JSON object/],
  [
    "start-json-template",
    start,
    models({ inferenceParams: '{"iou_threshold": {{iou}}}' }),
    /not a JSON object/,
  ],
  [
    "start-confidence-percent",
    start,
    models({ confidence: "85%" }),
    /Models: the minimum confidence must be/,
  ],
  [
    "start-confidence-template",
    start,
    models({ confidence: "{{x}}" }),
    /Models: the minimum confidence must be/,
  ],
  [
    "start-same-project",
    start,
    { models: [row, { ...row, modelId: "https://app.roboflow.com/yard/project/5" }] },
    /Models: two models belong to the same project.*a single column for both/,
  ],
  [
    "start-no-model-address",
    start,
    models({ modelId: "https://example.org/a/b/4" }),
    /does not identify a single model/,
  ],
  ["start-no-version", start, models({ modelVersion: "" }), /Models: a model version is missing/],
  ["start-no-model", start, models({ modelId: "" }), /Models: a model ID is missing/],
  ["poll-no-account", poll, { account: "" }, /account/i],
  ["poll-interval", poll, { interval: "0" }, /Polling interval: must be a number above 0/],
  ["poll-interval-words", poll, { interval: "60 s" }, /Polling interval: must be a number above 0/],
  ["poll-interval-empty", poll, { interval: "" }, /Polling interval: must be a number above 0/],
  ["poll-timeout", poll, { timeout: "-1" }, /Timeout: must be a number, 0 or more/],
  ["poll-no-job", poll, { jobId: "" }, /Job ID: must not be empty/],
  ["download-no-file", download, { output: "file", filename: "" }, /File name: must not be empty/],
  [
    "download-confidence",
    download,
    { output: "frames", minConfidence: "40" },
    /Minimum confidence \(0–1\): .*0 to 1/,
  ],
  ["download-gap", download, { output: "events", gap: "2 s" }, /Maximum gap: must be a number of seconds/],
  ["download-gap-empty", download, { output: "summary", gap: "" }, /Maximum gap: must be a number/],
  ["download-duration", download, { output: "events", minDuration: "-1" }, /Minimum duration: .* 0 or more/],
  ["download-no-address", download, { url: "" }, /Result URL: must not be empty/],
];

/** What is fine, or only known when the flow runs. */
const right: [id: string, type: string, properties: Properties][] = [
  ["upload-template", upload, { video: "{{topic}}", videoType: "str" }],
  ["upload-variable", upload, { video: "${CLIP}", videoType: "str" }],
  ["upload-web", upload, { video: "https://example.org/clip?id=4", videoType: "str" }],
  ["upload-odd-name", upload, { video: "/clips/yard.MOV", videoType: "str" }],
  ["start-variable", start, { inferFps: "${RATE}", inferFpsType: "num" }],
  ["start-template", start, { inferFps: "{{rate}}", inferFpsType: "str" }],
  ["start-msg", start, { inferFps: "rate", inferFpsType: "msg" }],
  ["start-no-models", start, { models: [] }],
  ["start-confidence-variable", start, models({ confidence: "${CONFIDENCE}" })],
  ["start-model-template", start, models({ modelId: "{{topic}}", modelVersion: "{{version}}" })],
  ["start-confidence-comma", start, models({ confidence: "0,85" })],
  [
    "start-model-address",
    start,
    models({ modelId: "https://universe.roboflow.com/team/project/model/4?x", modelVersion: "" }),
  ],
  ["start-id-with-version", start, models({ modelId: "project/4", modelVersion: "" })],
  ["poll-variable", poll, { interval: "${SECONDS}", timeout: "0" }],
  ["download-no-account", download, { account: "" }],
  ["download-file", download, { output: "file", filename: "/results/{{roboflow.jobId}}.json" }],
  ["download-variable", download, { output: "frames", minConfidence: "${CONFIDENCE}" }],
  ["download-comma", download, { output: "frames", minConfidence: "0,5" }],
  ["download-hidden", download, { output: "results", minConfidence: "40", gap: "", minDuration: "x" }],
  ["download-csv", download, { output: "file", format: "csv", filename: "/results/all.csv", gap: "x" }],
  ["download-empty", download, { output: "frames", minConfidence: "" }],
];

const accounts: FlowNode[] = [
  {
    id: "acc",
    type: "roboflow-video-account",
    name: "Yard",
    baseUrl: "https://api.roboflow.com",
    maxUploads: 2,
  },
  { id: "variable", type: "roboflow-video-account", baseUrl: "${SERVER}", maxUploads: "0" },
  { id: "no-address", type: "roboflow-video-account", baseUrl: "api.roboflow.com", maxUploads: 2 },
  {
    id: "bad-limit",
    type: "roboflow-video-account",
    baseUrl: "https://api.roboflow.com",
    maxUploads: 2,
    jobsPerDay: "1.5",
  },
  { id: "bad-count", type: "roboflow-video-account", baseUrl: "https://api.roboflow.com", maxUploads: "-1" },
];

const nodeOf = ([id, type, properties]: [string, string, Properties, RegExp?], index: number): FlowNode => ({
  id,
  type,
  z: "tab",
  account: "acc",
  x: 150 + 220 * (index % 5),
  y: 60 + 60 * Math.floor(index / 5),
  wires: type === poll ? [[], []] : [[]],
  ...(type === start ? { inferFpsType: "num", inputUrlType: "msg" } : {}),
  ...properties,
});

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

for (const version of versions)
  describe(`the warnings before a deploy in ${version.name}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    before(async () => {
      nodeRed = await startInstalled(version, {
        flows: [{ id: "tab", type: "tab", label: "Clips" }, ...accounts, ...[...wrong, ...right].map(nodeOf)],
        credentials: { acc: { apiKey: "not-to-be-used" } },
      });
      editor = await Editor.open(browser, nodeRed.url);
    });
    afterEach(() => editor.cancelAll());
    after(async () => {
      await editor?.close();
      await stopInstalled(nodeRed);
    });

    it("mark what cannot work, and nothing that is only known later", async () => {
      assert.deepEqual((await editor.marked("error")).sort(), wrong.map(([id]) => id).sort());
      const valid = await editor.page.evaluate(
        (ids) => ids.filter((id) => (globalThis as any).RED.nodes.node(id).valid),
        accounts.map(({ id }) => id),
      );
      assert.deepEqual(valid, ["acc", "variable"]);
    });

    it("say what is wrong at the node", async () => {
      for (const [id, , , words] of wrong) {
        const reasons = await editor.page.evaluate(
          (id) => (globalThis as any).RED.nodes.node(id).validationErrors,
          id,
        );
        assert.match(String(reasons), words, id);
      }
      await editor.node("download-no-file").locator(".red-ui-flow-node-error").hover();
      await editor.page
        .locator(".red-ui-popover:visible, .red-ui-flow-port-tooltip")
        .filter({ hasText: "File name: must not be empty" })
        .first()
        .waitFor();
    });

    it("show in the dialog which field is meant, as one types", async () => {
      const { page } = editor;
      await editor.edit("start-rate-0");
      const rate = page.locator("#node-input-inferFps + .red-ui-typedInput-container");
      await rate.and(page.locator(".input-error")).waitFor();
      await rate.locator("input:visible").press("Control+a");
      await page.keyboard.type("5");
      await rate.and(page.locator(":not(.input-error)")).waitFor();
      await editor.done();
      assert.ok(!(await editor.marked("error")).includes("start-rate-0"));

      await editor.edit("start-no-models");
      await editor.form.locator(".red-ui-editableList-addButton").click();
      await page.locator(".roboflow-video-model-modelId").fill("project/4");
      const confidence = page.locator(".roboflow-video-model-confidence");
      await confidence.fill("40");
      await page.keyboard.press("Tab");
      assert.equal(await confidence.getAttribute("aria-invalid"), "true");
      assert.match((await confidence.getAttribute("title")) ?? "", /0 to 1/);
      await confidence.fill("${CONFIDENCE}");
      await page.keyboard.press("Tab");
      assert.equal(await confidence.getAttribute("aria-invalid"), "false");
      await editor.form.locator(".roboflow-video-more summary").click();
      const params = editor.form.locator("textarea");
      await params.fill("{iou: 1}");
      await page.keyboard.press("Tab");
      assert.equal(await params.getAttribute("aria-invalid"), "true");
      await editor.done();
      assert.ok((await editor.marked("error")).includes("start-no-models"));
    });

    it("ask before such a flow is deployed", async () => {
      await editor.page.locator("#red-ui-header-button-deploy").click();
      await editor.page.locator(".red-ui-notification", { hasText: "download result" }).waitFor();
      await editor.page.locator(".red-ui-notification button", { hasText: "Cancel" }).click();
      assert.deepEqual(editor.ownConsoleErrors, []);
    });
  });
