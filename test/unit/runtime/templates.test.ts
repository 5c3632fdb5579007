import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { type EscapeContext, isSingleTag, render } from "../../../nodes/runtime/templates";

/** As much of Node-RED as a template looks into. */
function surroundings(stores: { flow?: object; global?: object; env?: object } = {}) {
  const context = (values: object = {}) => ({
    get: (key: string, store: string | undefined, answer: (error: null, value: unknown) => void) =>
      answer(null, (values as Record<string, unknown>)[store ? `${store}:${key}` : key]),
  });
  const RED = {
    util: {
      evaluateNodeProperty: (name: string) =>
        (stores.env as Record<string, unknown> | undefined)?.[name] ?? "",
    },
  } as unknown as NodeAPI;
  const node = { context: () => ({ flow: context(stores.flow), global: context(stores.global) }) };
  return { RED, node: node as unknown as Node };
}

const fill = (
  template: string,
  msg: object,
  context: EscapeContext,
  stores?: Parameters<typeof surroundings>[0],
) => {
  const { RED, node } = surroundings(stores);
  return render(RED, node, template, msg as NodeMessage, context);
};

test("plain text takes a value as it is", async () => {
  assert.equal(
    await fill("cam {{name}}", { name: `<Yard & "Gate" 100%/é>` }, "text"),
    `cam <Yard & "Gate" 100%/é>`,
  );
});

test("a URL takes a value percent-encoded, three braces take it raw", async () => {
  const msg = { name: "a b/ü&c=d?#", dots: ".." };
  assert.equal(
    await fill("https://cam.example/{{name}}.mp4?x={{name}}", msg, "url"),
    "https://cam.example/a%20b%2F%C3%BC%26c%3Dd%3F%23.mp4?x=a%20b%2F%C3%BC%26c%3Dd%3F%23",
  );
  assert.equal(await fill("https://cam.example/{{{name}}}", msg, "url"), "https://cam.example/a b/ü&c=d?#");
  assert.equal(await fill("https://cam.example/{{&name}}", msg, "url"), "https://cam.example/a b/ü&c=d?#");
});

test("a value cannot climb in a URL", async () => {
  for (const value of ["..", "../..", ".", "%2e%2e", "..\\.."]) {
    const url = await fill("https://cam.example/public/{{value}}/clip.mp4", { value }, "url");
    assert.ok(new URL(url).pathname.startsWith("/public/"), `${value} → ${url}`);
  }
});

test("a path takes a value without separators and without dots that climb", async () => {
  assert.equal(await fill("/data/{{name}}.json", { name: "yard" }, "path"), "/data/yard.json");
  assert.equal(
    await fill("/data/{{name}}.json", { name: "2026.07.01 gate-3" }, "path"),
    "/data/2026.07.01 gate-3.json",
  );
  assert.equal(
    await fill("/data/{{name}}.json", { name: "../../etc/passwd" }, "path"),
    "/data/______etc_passwd.json",
  );
  assert.equal(
    await fill("/data/{{{name}}}.json", { name: "2026/07/yard" }, "path"),
    "/data/2026/07/yard.json",
  );
});

const climbers: [template: string, msg: object][] = [
  ["/data/results/{{a}}", { a: "../../etc/passwd" }],
  ["/data/results/{{a}}", { a: "..\\..\\windows" }],
  ["/data/results/{{a}}", { a: "/etc/passwd" }],
  ["/data/results/{{a}}", { a: ".." }],
  ["/data/results/{{a}}", { a: "x\0/../.." }],
  ["/data/results/{{a}}/{{b}}", { a: "..", b: ".." }],
  ["/data/results/{{a}}{{b}}/x", { a: ".", b: "." }],
  ["/data/results/{{a}}{{b}}/x", { a: ".", b: "./.." }],
  ["/data/results/.{{a}}/x", { a: "." }],
  ["/data/results/{{a}}./x", { a: "." }],
  ["/data/results/.{{a}}./x", { a: "" }],
  ["/data/results/.{{a}}./{{a}}/x", { a: "" }],
  ["/data/results/{{a}}..{{a}}/x", { a: "" }],
  ["/data/results/{{#a}}.{{/a}}{{b}}/x", { a: [1, 2], b: "" }],
  ["/data/results/{{#a}}{{.}}{{/a}}/x", { a: [".", "."] }],
  ["/data/results/{{#a}}{{.}}/{{/a}}x", { a: ["..", ".."] }],
  ["/data/results/{{a.b.c}}", { a: { b: { c: "../../x" } } }],
  ["/data/results/{{a}}", { a: ["..", "/", ".."] }],
  ["/data/results/{{a}}", { a: { toString: "../.." } }],
];

for (const [template, msg] of climbers) {
  test(`${JSON.stringify(msg)} cannot lead out of the folder in ${template}`, async () => {
    let file: string;
    try {
      file = await fill(template, msg, "path");
    } catch (error) {
      const { code, reason } = error as { code: string; reason: string };
      assert.deepEqual({ code, reason }, { code: "INPUT", reason: "pathLeavesFolder" });
      return;
    }
    for (const style of [path.posix, path.win32]) {
      const resolved = style
        .resolve(file)
        .replace(/^[A-Z]:/, "")
        .replaceAll("\\", "/");
      assert.ok(resolved.startsWith("/data/results"), `${file} → ${resolved}`);
      assert.ok(/^\/data\/results(\/|$)/.test(resolved), `${file} → ${resolved}`);
    }
    assert.ok(!file.includes("\0"));
  });
}

test("a missing value does not turn a relative path into one from the root of the disk", async () => {
  await assert.rejects(fill("{{camera}}/{{day}}.json", { day: "x" }, "path"), {
    code: "INPUT",
    reason: "pathLeavesFolder",
  });
  assert.equal(await fill("{{camera}}/{{day}}.json", { camera: "yard", day: "x" }, "path"), "yard/x.json");
});

test("a climb that the template's author wrote is the author's own", async () => {
  assert.equal(await fill("../results/{{a}}.json", { a: "yard" }, "path"), "../results/yard.json");
});

test("flow., global. and env. are looked up as in core's template node", async () => {
  const stores = {
    flow: { site: "north", "disk:site": "south" },
    global: { owner: "a/b" },
    env: { CAMERA: "gate" },
  };
  assert.equal(
    await fill(
      "{{flow.site}} {{flow[disk].site}} {{global.owner}} {{env.CAMERA}} {{env.NONE}}",
      {},
      "text",
      stores,
    ),
    "north south a/b gate ",
  );
  assert.equal(await fill("/data/{{global.owner}}/{{env.CAMERA}}", {}, "path", stores), "/data/a_b/gate");
  assert.equal(
    await fill(
      "{{#show}}{{flow.site}}{{/show}}{{^hide}}{{env.CAMERA}}{{/hide}}",
      { show: true },
      "text",
      stores,
    ),
    "northgate",
  );
});

test("what the message says of itself comes before the contexts", async () => {
  assert.equal(
    await fill("{{flow.site}}", { flow: { site: "mine" } }, "text", { flow: { site: "theirs" } }),
    "mine",
  );
});

test("values of every kind become text, missing ones nothing", async () => {
  const msg = { n: 0, no: false, o: { a: 1 }, empty: null };
  assert.equal(await fill("{{n}}|{{o}}|{{empty}}|{{missing}}|{{no}}", msg, "text"), '0|{"a":1}|||false');
});

test("a value is never a template, a pattern or a name itself", async () => {
  const msg = { name: "{{secret}} {{{secret}}} {{#secret}} $& $1", secret: "hidden" };
  assert.equal(await fill("a {{name}} b", msg, "text"), `a ${msg.name} b`);
  assert.equal(await fill("a {{{name}}} b", msg, "text"), `a ${msg.name} b`);
  assert.equal(await fill("{{#names}}{{.}};{{/names}}", { names: [msg.name] }, "text"), `${msg.name};`);
});

test("half a surrogate pair is no reason to fail in a URL", async () => {
  const url = await fill("https://cam.example/{{name}}", { name: "yard\ud83d" }, "url");
  assert.equal(url, "https://cam.example/yard%EF%BF%BD");
});

test("a value that cannot be written as a text is INPUT and names the template", async () => {
  const circular: { self?: object } = {};
  circular.self = circular;
  for (const name of [circular, [1n]])
    await assert.rejects(fill("/data/{{name}}", { name }, "path"), {
      code: "INPUT",
      reason: "expression",
      values: { value: "/data/{{name}}", type: "{{…}}" },
    });
});

test("a template without its closing braces is named", async () => {
  await assert.rejects(fill("/data/{{name", { name: "x" }, "path"), { code: "INPUT", reason: "template" });
});

test("a text without tags is left alone", async () => {
  assert.equal(await fill("/data/../<x>&.json", {}, "path"), "/data/../<x>&.json");
});

test("a field that is one single tag is told from one with more around it", () => {
  for (const template of ["{{x}}", " {{{payload.url}}} ", "{{&x}}"])
    assert.ok(isSingleTag(template), template);
  for (const template of ["https://{{x}}", "{{x}}{{y}}", "{{x}}/a", "x", ""])
    assert.ok(!isSingleTag(template), template);
});
