import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { type Emulator, startEmulator } from "../../emulator/emulator";
import { type FlowNode, freePort, type NodeRed } from "../support/node-red";
import { Editor } from "./support/editor";
import { apiKey } from "./support/flows";
import { gate } from "./support/gate";
import { openStage } from "./support/stage";
import { startInstalled, stopInstalled, versions } from "./support/versions";

// The editor stands under a root of its own here, so every call of a dialog to Node-RED has to find its way there.
const root = "/yard/editor";

const stage = openStage({});
let another: Emulator;
let nobody: string;
before(async () => {
  another = await startEmulator({ apiKey });
  nobody = `http://127.0.0.1:${await freePort()}`;
});
after(() => another?.close());

for (const version of versions)
  describe(`keys and models in ${version.name}, under httpAdminRoot ${root}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    before(async () => {
      const account = (id: string, baseUrl: string): FlowNode => ({
        id,
        type: "roboflow-video-account",
        name: `account ${id}`,
        baseUrl,
        maxUploads: 2,
      });
      const start = (id: string, account: string, index: number): FlowNode => ({
        id,
        type: "roboflow-video-start",
        z: "tab",
        account,
        inputUrl: "payload",
        inputUrlType: "msg",
        inferFps: 5,
        inferFpsType: "num",
        models: [],
        x: 200,
        y: 80 + index * 60,
        wires: [[]],
      });
      nodeRed = await startInstalled(version, {
        flows: [
          { id: "tab", type: "tab", label: "Clips" },
          account("good", stage.roboflow.url),
          account("no-key", stage.roboflow.url),
          account("variable", stage.roboflow.url),
          account("unreachable", nobody),
          ...["good", "no-key", "unreachable"].map((id, index) => start(`start-${id}`, id, index)),
        ],
        credentials: {
          good: { apiKey },
          variable: { apiKey: "${YARD_KEY}" },
          unreachable: { apiKey },
        },
        env: { YARD_KEY: apiKey, ROBOFLOW_API_KEY: "" },
        settings: `httpAdminRoot: ${JSON.stringify(root)},`,
      });
      editor = await Editor.open(stage.browser, nodeRed.url, { root });
    });
    afterEach(() => editor.cancelAll());
    after(async () => {
      await editor?.close();
      await stopInstalled(nodeRed);
    });

    const found = (mood: string) => editor.page.locator(`#roboflow-video-models-found[data-mood=${mood}]`);
    const modelField = () => editor.page.locator(".roboflow-video-model-modelId").last();
    const list = () => editor.page.locator(".roboflow-video-choices:visible");
    const addRow = async () => {
      await editor.form.locator(".red-ui-editableList-addButton").click();
      await editor.page.waitForFunction(() =>
        document.activeElement?.matches(".roboflow-video-model-modelId"),
      );
    };
    const rowsSaved = async (id: string) => {
      const node = (await editor.exported()).find((one) => one.id === id) as any;
      return node.models.map((row: any) => `${row.modelId}/${row.modelVersion}`);
    };

    it("tests a stored key, a typed one and a variable, and says what is wrong", async () => {
      const { page } = editor;
      const key = page.locator("#node-config-input-apiKey");
      const server = page.locator("#node-config-input-baseUrl");
      const test = async (mood: string, words: RegExp) => {
        await page.locator("#roboflow-video-test").click();
        const answer = page.locator(`#roboflow-video-test-answer[data-mood=${mood}]`);
        await answer.filter({ hasText: words }).waitFor();
        assert.ok(!(await editor.form.innerText()).includes(apiKey));
      };
      await editor.edit("start-good");
      await editor.editAccount();
      await editor.form.locator("summary").click();
      await test("good", /Workspace: Yard Cameras/);

      await key.fill("no-such-key-at-all");
      await test("bad", /Roboflow rejected the API key/);
      await key.fill(apiKey);
      await test("good", /Yard Cameras/);
      // A variable is read when the account is deployed, and not for whoever types its name.
      await key.fill("${YARD_KEY}");
      await test("bad", /\$\{YARD_KEY\} is read from the environment when the account is deployed/);
      await key.fill("");
      await test("bad", /has no API key.*ROBOFLOW_API_KEY is not set/);

      // A typed key goes where the typed address says.
      await key.fill(apiKey);
      await server.fill(nobody);
      await test("bad", /127\.0\.0\.1:\d+ could not be reached/);
      await server.fill("nonsense");
      await test("bad", /not a plain http or https URL/);
      await editor.accountCancel();

      // The stored one does not.
      await editor.editAccount();
      await editor.form.locator("summary").click();
      await server.fill(another.url);
      await test("bad", /only sent to the server it was deployed with/);
      assert.equal(another.ledger.requests.length, 0);
      await editor.accountCancel();

      await page.locator("#node-input-account").selectOption("variable");
      await editor.editAccount();
      await test("good", /Yard Cameras/);
      await editor.accountCancel();
      await editor.cancel();
    });

    it("offers the trained models by project, newest first, and CLIP, but not gaze, which is no longer served", async () => {
      await editor.edit("start-good");
      await found("good").filter({ hasText: "Yard Cameras: 6" }).waitFor();
      await addRow();
      await modelField().click();
      const lines = (await list().innerText()).split("\n").filter((line) => !/ · /.test(line));
      assert.deepEqual(lines, [
        "Gate open or shut",
        "Version 5",
        "Version 4",
        "Yard motion",
        "Version 2",
        "Version 1",
        "People, outlined",
        "Version 1",
        "Weather",
        "Version 1",
        "Foundation models, no training needed",
        "CLIP",
        "CLIP image embedding",
      ]);
      await editor.page.keyboard.type("gate 4");
      assert.equal(await list().locator("[role=option]").count(), 1);
      await list().locator("[role=option]").click();
      assert.equal(await modelField().inputValue(), "gate-state");
      const type = editor.page.locator(".roboflow-video-model-type").last();
      assert.equal(await type.inputValue(), "classification");

      await addRow();
      await editor.page.keyboard.type("cli");
      await editor.page.keyboard.press("ArrowDown");
      await editor.page.keyboard.press("Enter");
      assert.equal(await type.inputValue(), "clip-embed-image");

      // Someone else's model: as copied from the address of its page, and a template.
      await addRow();
      await editor.page.keyboard.type("someone/their-project/7");
      await editor.page.keyboard.press("Escape");
      assert.equal(await list().count(), 0);
      await editor.page.keyboard.press("Tab");
      await addRow();
      await editor.page.keyboard.type("https://universe.roboflow.com/team/shared-project/model/3?tab=api");
      await editor.page.keyboard.press("Escape");
      await editor.page.keyboard.press("Tab");
      assert.equal(await modelField().inputValue(), "shared-project");
      assert.equal(await editor.page.locator(".roboflow-video-model-modelVersion").last().inputValue(), "3");
      await modelField().fill("");
      await editor.page.locator(".roboflow-video-model-modelVersion").last().fill("");
      await addRow();
      await editor.page.keyboard.type("{{topic}}");
      await editor.page.keyboard.press("Tab");
      await editor.page.keyboard.type("{{version}}");
      await editor.done();
      assert.deepEqual(await rowsSaved("start-good"), [
        "gate-state/4",
        "clip/1",
        "their-project/7",
        "{{topic}}/{{version}}",
      ]);
      assert.deepEqual(await editor.marked("error"), []);
    });

    it("moves rows by button and by mouse, and removes them", async () => {
      const { page } = editor;
      await editor.edit("start-good");
      await page.locator(".roboflow-video-move-up").nth(1).focus();
      await page.keyboard.press("Enter");
      const handle = async (index: number) => {
        const box = await page
          .locator("#roboflow-video-models .red-ui-editableList-item-handle")
          .nth(index)
          .boundingBox();
        assert.ok(box);
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      };
      // In the middle: near an edge the list would scroll under the mouse.
      await page
        .locator("#roboflow-video-models .red-ui-editableList-item-handle")
        .nth(2)
        .evaluate((handle) => handle.scrollIntoView({ block: "center" }));
      const [from, to] = [await handle(3), await handle(2)];
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y + 20, { steps: 12 });
      await page.mouse.up();
      await page.locator("#roboflow-video-models .red-ui-editableList-item-remove").nth(3).click();
      await page.waitForTimeout(400);
      await editor.done();
      assert.deepEqual(await rowsSaved("start-good"), ["clip/1", "gate-state/4", "{{topic}}/{{version}}"]);
    });

    it("asks the server once in a minute, and again on demand", async () => {
      const asked = () => stage.roboflow.ledger.requests.filter(({ kind }) => kind === "workspace").length;
      const before = asked();
      await editor.edit("start-good");
      await found("good").waitFor();
      assert.equal(asked(), before);
      await editor.page.locator("#roboflow-video-models-again").click();
      await editor.page.waitForFunction(
        () => !document.querySelector("#roboflow-video-models-found[data-mood=busy]"),
      );
      await found("good").waitFor();
      assert.equal(asked(), before + 1);
      await editor.cancel();
    });

    for (const [id, words] of [
      ["no-key", /has no API key/],
      ["unreachable", /could not be reached/],
    ] as const)
      it(`says why there is no list, and takes what is typed: ${id}`, async () => {
        await editor.edit(`start-${id}`);
        await found("bad").filter({ hasText: words }).waitFor();
        assert.match(await found("bad").innerText(), /You can still enter a model ID/);
        await addRow();
        await editor.page.keyboard.type("my-project/4");
        await editor.page.keyboard.press("Tab");
        await editor.done();
        assert.deepEqual(await rowsSaved(`start-${id}`), ["my-project/4"]);
        assert.ok(!(await editor.marked("error")).includes(`start-${id}`));
      });

    it("marks a new start node until a model is chosen, or msg.models on purpose", async () => {
      const { page } = editor;
      const id = await editor.drag("roboflow-video-start", 520, 300);
      const errors = () =>
        page.evaluate((id) => String((globalThis as any).RED.nodes.node(id).validationErrors), id);
      assert.match(await errors(), /a model ID is missing/);
      // There are several accounts: none is taken unasked.
      assert.equal((await editor.exported()).find((node) => node.id === id)?.account, "");
      await editor.edit(id);
      assert.equal(await modelField().count(), 1);
      await page.locator("#node-input-account").selectOption("good");
      await found("good").waitFor();
      await editor.done();
      assert.deepEqual(await rowsSaved(id), ["/"]);
      assert.match(await errors(), /a model ID is missing/);

      await editor.edit(id);
      await page.keyboard.press("Escape");
      await page.locator("#roboflow-video-models-from-message").click();
      await page.locator("#roboflow-video-no-models", { hasText: "msg.models" }).waitFor();
      assert.equal(await page.locator("#roboflow-video-models-from-message").isVisible(), false);
      await editor.done();
      assert.deepEqual(await rowsSaved(id), []);
      assert.ok(!(await editor.marked("error")).includes(id));

      // The way back is the button that the words name.
      await editor.edit(id);
      const add = editor.form.locator(".red-ui-editableList-addButton");
      const words = await page.locator("#roboflow-video-no-models").innerText();
      assert.ok(words.includes(`"${(await add.innerText()).trim()}"`), words);
      await addRow();
      await page.keyboard.type("my-project/4");
      await page.keyboard.press("Tab");
      await editor.done();
      assert.deepEqual(await rowsSaved(id), ["my-project/4"]);
      assert.ok(!(await editor.marked("error")).includes(id));
    });

    it("shows the page of the key as a link", async () => {
      await editor.edit("start-good");
      await editor.editAccount();
      const link = editor.form.locator("a[href='https://app.roboflow.com/settings/api']");
      const looks = await link.evaluate((element) => {
        const { color, textDecorationLine } = getComputedStyle(element);
        const text = getComputedStyle(element.parentElement as Element).color;
        return { underlined: textDecorationLine, differs: color !== text };
      });
      assert.deepEqual(looks, { underlined: "underline", differs: true });
      await editor.accountCancel();
      await editor.cancel();
    });

    it("offers the models as soon as the key has been typed, before any deploy", async () => {
      await editor.edit("start-no-key");
      await found("bad").waitFor();
      await editor.editAccount();
      await editor.page.locator("#node-config-input-apiKey").fill(apiKey);
      await editor.accountDone();
      await found("good").filter({ hasText: "Yard Cameras: 6" }).waitFor();
      await editor.editAccount();
      await editor.page.locator("#roboflow-video-test").click();
      await editor.page.locator("#roboflow-video-test-answer[data-mood=good]").waitFor();
      await editor.accountCancel();
      await editor.cancel();
    });

    it("says nothing about a key that was tested before the one that is tested now", async () => {
      const { page } = editor;
      const mayAnswer = gate();
      await page.route("**/account/test", async (route) => {
        const answer = await route.fetch();
        if (route.request().postDataJSON().apiKey !== apiKey) await mayAnswer.passed;
        await route.fulfill({ response: answer });
      });
      await editor.edit("start-no-key");
      await editor.editAccount();
      const answers = page.locator("#roboflow-video-test-answer");
      const test = async (key: string) => {
        await page.locator("#node-config-input-apiKey").fill(key);
        await page.locator("#roboflow-video-test").click();
      };
      await test("no-such-key-at-all");
      await test(apiKey);
      await answers.filter({ hasText: "Yard Cameras" }).waitFor();
      const late = page.waitForResponse("**/account/test");
      mayAnswer.open();
      await (await late).finished();
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
      assert.match(await answers.innerText(), /Yard Cameras/);
      await page.unroute("**/account/test");
      await editor.accountCancel();
      await editor.cancel();
    });

    it("leaves the console empty", () => {
      assert.deepEqual(editor.ownConsoleErrors, []);
    });
  });
