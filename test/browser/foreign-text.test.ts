import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { answerJson, serve } from "../support/local-server";
import { catchNodes, type FlowNode, injectNodes, type NodeRed, recordNode } from "../support/node-red";
import { Editor } from "./support/editor";
import { apiKey } from "./support/flows";
import { openStage } from "./support/stage";
import { startInstalled, stopInstalled, versions } from "./support/versions";

const stage = openStage({});

/** Held up an editor for minutes where it went through its translations, and runs where it becomes HTML. */
const hostile = `$t(front door camera of the yard at the north side <img src=x onerror="document.title='hit'"> __models__ $&`;

const statusOf = (language: string): Record<string, string> => {
  const file = path.join(__dirname, "..", "..", "nodes", "locales", language, "account.json");
  return JSON.parse(readFileSync(file, "utf8")).status;
};

const project = { id: "yard/gate", type: "object-detection", name: hostile, versions: 1 };

const seen = { class: hostile, confidence: 0.9, x: 1, y: 1, width: 1, height: 1 };
const result = { frame_offset: [0], time_offset: [0], gate: [{ predictions: [seen] }] };

/** A Roboflow whose every name and word is hostile; a key that begins with `bad` is refused. */
const roboflow = (t: { after(end: () => void): void }) =>
  serve(t, ({ url }, response) => {
    const { pathname, searchParams } = new URL(url, "http://roboflow");
    if (pathname === "/result.json") return answerJson(response, result);
    if (searchParams.get("api_key") !== apiKey)
      return answerJson(response, { error: { message: hostile, hint: hostile } }, 401);
    if (pathname === "/") return answerJson(response, { workspace: "yard" });
    if (pathname === "/yard")
      return answerJson(response, { workspace: { name: hostile, projects: [project] } });
    if (pathname === "/yard/gate")
      return answerJson(response, {
        versions: [{ id: "yard/gate/1", name: hostile, model: {}, created: 1 }],
      });
    answerJson(response, { status: 1, progress: hostile });
  });

const onTab = (id: string, type: string, y: number, more: object): FlowNode => ({
  id,
  type: `roboflow-video-${type}`,
  z: "tab",
  name: "",
  account: "good",
  x: 300,
  y,
  wires: [[]],
  ...more,
});
const upload = { video: "payload", videoType: "msg", fileName: "", resume: true };
const start = { inputUrl: "payload", inputUrlType: "msg", inferFps: 5, inferFpsType: "num", models: [] };
const poll = { jobId: "payload", jobIdType: "msg", interval: 60, timeout: 24, resume: true, wires: [[], []] };
const model = { modelVersion: "", inferenceType: hostile, confidence: "", inferenceParams: "" };

function flows(baseUrl: string): FlowNode[] {
  const account = (id: string) => ({
    id,
    type: "roboflow-video-account",
    name: `account ${id}`,
    baseUrl,
    maxUploads: 2,
  });
  return [
    { id: "tab", type: "tab", label: "Clips" },
    account("good"),
    account("bad"),
    {
      id: "sub",
      type: "subflow",
      name: "Uploads",
      in: [{ x: 40, y: 40, wires: [{ id: "inner" }] }],
      out: [],
      status: { x: 300, y: 40, wires: [{ id: "inner-status", port: 0 }] },
    },
    { ...onTab("inner", "upload", 40, upload), z: "sub" },
    { id: "inner-status", type: "status", z: "sub", scope: null, x: 100, y: 100, wires: [[]] },
    ...injectNodes("clip", ["up", "instance"]),
    ...injectNodes("job", ["po"]),
    ...injectNodes("result", ["fr"]),
    { id: "instance", type: "subflow:sub", z: "tab", x: 300, y: 140, wires: [] },
    onTab("up", "upload", 80, upload),
    onTab("st", "start", 200, start),
    onTab("st-bad", "start", 260, { ...start, account: "bad" }),
    onTab("st-odd", "start", 320, { ...start, models: [{ ...model, modelId: hostile }] }),
    onTab("po", "poll", 380, poll),
    onTab("do", "download", 440, { url: "payload", urlType: "msg", output: hostile }),
    onTab("fr", "download", 500, {
      url: "payload",
      urlType: "msg",
      output: "frames",
      wires: [["record-frame"]],
    }),
    recordNode("frame"),
    ...catchNodes(),
  ];
}

for (const version of versions)
  describe(`texts from outside in ${version.name} that is set to Japanese`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    let endRoboflow = () => {};
    before(async () => {
      const { url } = await roboflow({
        after: (end) => {
          endRoboflow = end;
        },
      });
      nodeRed = await startInstalled(version, {
        flows: flows(url),
        credentials: { good: { apiKey }, bad: { apiKey: "bad" } },
        settings: 'lang: "ja",',
      });
      await nodeRed.inject("clip", { payload: `/clips/${hostile}.mp4` });
      await nodeRed.recorded("caught");
      await nodeRed.inject("result", {
        payload: `${url}/result.json`,
        roboflow: { id: "result", fileName: hostile },
      });
      await nodeRed.recorded("frame");
      await nodeRed.inject("job", { payload: hostile, roboflow: { id: "clip", fileName: hostile } });
    });
    afterEach(() => editor?.close());
    after(async () => {
      await stopInstalled(nodeRed);
      endRoboflow();
    });

    const untouched = async () => {
      assert.equal(await editor.page.locator("img[src=x]").count(), 0);
      assert.notEqual(await editor.page.title(), "hit");
    };

    for (const language of ["de", "en-US"])
      it(`shows statuses in the browser's language, in a subflow too: ${language}`, async () => {
        editor = await Editor.open(stage.browser, nodeRed.url, { locale: language });
        for (const id of ["up", "instance"])
          await editor
            .status(id)
            .filter({ hasText: new RegExp(`^${statusOf(language).noSuchFile}$`) })
            .waitFor();
        // Numbers are filled in on the server, in its language.
        await editor
          .status("po")
          .filter({ hasText: /^(?:実行中|[1-9]\d*分経過)、次回\d\d:\d\d$/ })
          .waitFor();
      });

    it("shows names of workspaces, projects and models as they are", async () => {
      editor = await Editor.open(stage.browser, nodeRed.url);
      await editor.edit("st");
      const found = editor.page.locator("#roboflow-video-models-found[data-mood=good]");
      await found.waitFor();
      assert.equal(
        (await found.innerText()).trim(),
        `Models available in workspace ${hostile}: 1. Click in a Model ID field to select one.`,
      );
      await editor.form.locator(".red-ui-editableList-addButton").click();
      await editor.page.locator(".roboflow-video-model-modelId").click();
      const group = editor.page
        .locator(".roboflow-video-choices:visible .roboflow-video-choice-group")
        .first();
      assert.equal(await group.textContent(), hostile);
      await editor.editAccount();
      await editor.page.locator("#roboflow-video-test").click();
      const answer = editor.page.locator("#roboflow-video-test-answer[data-mood=good]");
      await answer.waitFor();
      assert.equal((await answer.innerText()).trim(), `The API key is valid. Workspace: ${hostile}`);
      await untouched();
      assert.deepEqual(editor.ownConsoleErrors, []);
    });

    it("shows a server's words as they are", async () => {
      editor = await Editor.open(stage.browser, nodeRed.url);
      await editor.edit("st-bad");
      const found = editor.page.locator("#roboflow-video-models-found[data-mood=bad]");
      await found.waitFor();
      assert.ok((await found.innerText()).includes(hostile), await found.innerText());
      await untouched();
    });

    it("shows a job's ID and its clip's name as they are", async () => {
      editor = await Editor.open(stage.browser, nodeRed.url);
      await editor.edit("po");
      const row = editor.page.locator("#roboflow-video-jobs tbody tr");
      await row.waitFor();
      assert.equal((await row.innerText()).split(hostile).length - 1, 2);
      const label = await row.locator("button").getAttribute("aria-label");
      assert.ok(label?.includes(hostile));
      await untouched();
    });

    it("shows a clip's name and the classes of its result as they are", async () => {
      editor = await Editor.open(stage.browser, nodeRed.url);
      await editor.edit("fr");
      const row = editor.page.locator("#roboflow-video-preview-rows tbody tr");
      await row.waitFor();
      assert.ok((await row.innerText()).includes(hostile.slice(0, 90)), await row.innerText());
      assert.ok(
        (await editor.page.locator("#roboflow-video-preview-message").innerText()).includes(
          hostile.slice(0, 90),
        ),
      );
      await untouched();
    });

    it("opens nodes of a flow with anything in it, and repeats none of it where it would be HTML", async () => {
      editor = await Editor.open(stage.browser, nodeRed.url);
      const problems: Record<string, string[]> = await editor.page.evaluate(() => {
        const { node } = (globalThis as any).RED.nodes;
        return Object.fromEntries(["st-odd", "do"].map((id) => [id, node(id).validationErrors]));
      });
      assert.match(String(problems["st-odd"]), /a model version is missing/);
      assert.doesNotMatch(JSON.stringify(problems), /[<>]|\$t/);
      for (const id of ["st-odd", "do"]) {
        await editor.edit(id);
        await untouched();
        await editor.cancel();
      }
      assert.deepEqual(editor.ownConsoleErrors, []);
    });
  });
