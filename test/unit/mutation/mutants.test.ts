import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { mutantsOf } from "../../../mutation/mutants";
import { scratchPath } from "../roboflow/result/reading";

const changes = (text: string) => mutantsOf("a.ts", text).map(({ change }) => change);

describe("mutants", () => {
  it("are one for each decision", () => {
    assert.deepEqual(changes("if (a < 2) b();"), [
      "a < 2 → true",
      "a < 2 → false",
      "< → <=",
      "2 → (2 + 1)",
      "b(); → ;",
    ]);
    assert.deepEqual(changes("const c = !d ?? Math.min(e, f);"), [
      "!d ?? Math.min(e, f) → (!d)",
      "!d → (d)",
      "min → max",
    ]);
  });

  it("leave names alone that every object has", () => {
    assert.deepEqual(changes("const a = b.toString() ?? c.constructor();"), [
      "b.toString() ?? c.constructor() → (b.toString())",
    ]);
  });

  it("leave types, texts and a constructor's super() alone", () => {
    assert.deepEqual(
      changes('type A = 1 | true; const b = "x" + c; class D extends E { constructor() { super(); } }'),
      [],
    );
    assert.deepEqual(changes("const f = b.toString(); const g = b.constructor();"), []);
  });

  it("hold the change and all the rest", () => {
    const [first] = mutantsOf("a.ts", "// One.\nwhile (more) {}\n");
    assert.deepEqual([first?.line, first?.text], [2, "// One.\nwhile (false) {}\n"]);
  });

  it("are what a test gets to see in place of the file, in its child processes too", () => {
    const file = path.join(__dirname, "..", "..", "..", "nodes", "runtime", "journal", "times.ts");
    const text = scratchPath();
    writeFileSync(text, "export const seen = 'the mutant';");
    const script = `console.log(require(${JSON.stringify(file)}).seen)`;
    const words = ["--import", "tsx", "-e", script];
    const { stdout } = spawnSync(process.execPath, words, {
      cwd: path.join(__dirname, "..", "..", ".."),
      encoding: "utf8",
      env: {
        ...process.env,
        MUTANT_FILE: file,
        MUTANT_TEXT: text,
        NODE_OPTIONS: `--require=${path.join(__dirname, "..", "..", "..", "mutation", "substitute.cjs")}`,
      },
    });
    assert.equal(stdout.trim(), "the mutant");
  });
});
