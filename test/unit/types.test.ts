import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import ts from "typescript";

const checkout = path.join(__dirname, "..", "..");
const manifest = JSON.parse(readFileSync(path.join(checkout, "package.json"), "utf8"));
const published = path.join(checkout, manifest.types);
const text = readFileSync(published, "utf8");

const options: ts.CompilerOptions = {
  ...ts.getParsedCommandLineOfConfigFile(path.join(checkout, "tsconfig.json"), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (problem) => assert.fail(String(problem.messageText)),
  })?.options,
  // As for somebody who has installed it: where package.json says.
  paths: { [manifest.name]: [checkout] },
};

/** Parsed files are kept from one compilation to the next: most are those of TypeScript and Node.js. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** Compiles a file of test/types, and tells what is wrong there and in the published types, which may be changed for it. */
function problems(file: string, types = text): string[] {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) => {
    if (path.resolve(name) === published) return ts.createSourceFile(name, types, version);
    if (!parsed.has(name)) parsed.set(name, read(name, version));
    return parsed.get(name);
  };
  const program = ts.createProgram([path.join(checkout, "test", "types", file)], options, host);
  return [file, path.basename(published)].flatMap((name) => {
    const source = program.getSourceFiles().find(({ fileName }) => path.basename(fileName) === name);
    assert.ok(source, `${name} was not compiled`);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
}

describe("the types for others", () => {
  it("are enough to write a flow's function nodes with", () => {
    assert.deepEqual(problems("flow.ts"), []);
  });

  it("are those that the nodes work with", () => {
    assert.deepEqual(problems("drift.ts"), []);
  });

  const changes: [what: string, from: string, to: string][] = [
    ["an error code less", '  | "LIMIT"\n', ""],
    ["an error code more", '  | "LIMIT"\n', '  | "LIMIT"\n  | "QUOTA"\n'],
    ["a property of msg.roboflow less", "  nullFrames?: number;\n", ""],
    [
      "a property of msg.roboflow more",
      "  nullFrames?: number;\n",
      "  nullFrames?: number;\n  size?: number;\n",
    ],
    ["another type in msg.roboflow", "  fps?: number;\n", "  fps?: string;\n"],
    ["a property of an event that is always there", "box: Box | null }", "box: Box }"],
    ["a property of the summary less", "  seconds: number;\n", ""],
    ["a frame that always has a time", "time: number | null", "time: number"],
    ["a prediction without its model", "  model: string;\n  class?: string;", "  class?: string;"],
  ];
  for (const [what, from, to] of changes)
    it(`do not pass with ${what}`, () => {
      assert.ok(text.includes(from), from);
      assert.notDeepEqual(problems("drift.ts", text.replace(from, to)), []);
    });
});
