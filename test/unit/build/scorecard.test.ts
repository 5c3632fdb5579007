import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { judge, type Package, readDefinition, thisPackage } from "../../../build/scorecard";
import { isNewestLine, vulnerabilities } from "../../../build/supply";

const type = "roboflow-video-poll";
const built = () => structuredClone(thisPackage(path.join(__dirname, "..", "..", "..")));
const page = (change: (page: string) => string) => (subject: Package) => {
  subject.pages[type] = change(subject.pages[type] ?? "");
};

describe("the scorecard", () => {
  it("gives this package full marks", () => {
    assert.deepEqual(judge(built()), []);
  });

  const faults: [problem: RegExp, spoil: (subject: Package) => void][] = [
    [/no scope/, ({ manifest }) => Object.assign(manifest, { name: "node-red-contrib-video" })],
    [/licence is "UNLICENSED"/, ({ manifest }) => Object.assign(manifest, { license: "UNLICENSED" })],
    [/LICENSE is another/, (subject) => Object.assign(subject, { license: "MIT License" })],
    [/description/, ({ manifest }) => delete manifest.description],
    [/keyword/, ({ manifest }) => manifest.keywords?.shift()],
    [/repository nor bugs/, ({ manifest }) => [delete manifest.repository, delete manifest.bugs]],
    [/node-red.version/, ({ manifest }) => delete manifest["node-red"]?.version],
    [
      /leaves out Node.js 22.9.0/,
      ({ manifest }) => Object.assign(manifest, { engines: { node: ">=22.10" } }),
    ],
    [/leaves out Node.js 24/, ({ manifest }) => Object.assign(manifest, { engines: { node: "20" } })],
    [
      /7 dependencies/,
      ({ manifest }) => Object.assign(manifest.dependencies ?? {}, { a: "1", b: "1", c: "1" }),
    ],
    [/a is not in package-lock/, ({ manifest }) => Object.assign(manifest.dependencies ?? {}, { a: "1" })],
    [/node-red is a dep/, ({ manifest }) => Object.assign(manifest.dependencies ?? {}, { "node-red": "4" })],
    [/scripts run/, ({ manifest }) => Object.assign(manifest.scripts ?? {}, { postinstall: "x" })],
    [
      /as native/,
      ({ locked }) => Object.assign(locked["node_modules/axios"] ?? {}, { hasInstallScript: true }),
    ],
    [/poll: no registerType/, page((text) => text.replace(`registerType("${type}"`, "registerType(name"))],
    [/poll: no registerType/, ({ pages }) => delete pages[type]],
    [/category/, page((text) => text.replace(/category: "\w+"/, "category: a.b"))],
    [/color/, page((text) => text.replace(/color: "#\w+"/, "color"))],
    [/icon none.svg/, page((text) => text.replace(/icon: "[^"]+"/, 'icon: "none.svg"'))],
    [/inputs/, page((text) => text.replace("inputs: 1", "inputs: one"))],
    [/outputs/, page((text) => text.replace("outputs: 2", "outputs: 1 + 1"))],
    [/called wires/, page((text) => text.replace("defaults: {", "defaults: { wires: {},"))],
    [/called n\b/, page((text) => text.replace("defaults: {", "defaults: { n: {},"))],
    [/no dialog/, page((text) => text.replace("data-template-name", "data-name"))],
    [/no help/, ({ help }) => Object.assign(help, { [type]: "<p>Waits.</p>" })],
    [
      /poll: in no example/,
      (subject) =>
        Object.values(subject.examples).forEach((types) => {
          types.splice(0, types.length, ...types.filter((used) => used !== type));
        }),
    ],
  ];
  for (const [problem, spoil] of faults)
    it(`sees a fault of its own: ${problem.source}`, () => {
      const subject = built();
      spoil(subject);
      const wrong = judge(subject);
      assert.ok(wrong.length > 0 && wrong.some((text) => problem.test(text)), wrong.join("\n"));
    });

  it("reads a definition without running the page", () => {
    assert.deepEqual(
      readDefinition(
        `<script type="text/javascript">RED.nodes.registerType("t", { icon: "i.svg", inputs: 1, f() {}, defaults: { a: {} } })</script>`,
        "t",
      ),
      { icon: "i.svg", inputs: 1, f: null, defaults: { a: {} } },
    );
  });
});

describe("what a registry says of the dependencies", () => {
  it("is on the newest line as npm reads ranges", () => {
    const lines: [range: string, newest: string, holds: boolean][] = [
      ["^1.21.1", "1.30.0", true],
      ["^1.21.1", "2.0.0", false],
      ["^0.3.1", "0.3.9", true],
      ["^0.3.1", "0.4.0", false],
      ["1.21.1", "1.21.2", false],
    ];
    for (const [range, newest, holds] of lines)
      assert.equal(isNewestLine(range, newest), holds, `${range} ${newest}`);
  });

  it("is clean, not clean, or not told", () => {
    assert.deepEqual(vulnerabilities('{"auditReportVersion": 2, "vulnerabilities": {}}'), []);
    const found = { axios: { name: "axios", severity: "high" } };
    assert.deepEqual(vulnerabilities(JSON.stringify({ auditReportVersion: 2, vulnerabilities: found })), [
      "axios (high)",
    ]);
    for (const silent of ["", '{"message": "405 Method Not Allowed", "error": {}}', "<html>"])
      assert.equal(vulnerabilities(silent), undefined);
  });
});
