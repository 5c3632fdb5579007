// Looks at every regular expression of the nodes and the examples: one whose time grows faster than the text
// can be made to hold up all of Node-RED by a long text, and texts come from messages, servers and cameras.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkSync } from "recheck";
import ts from "typescript";

process.env.RECHECK_BACKEND = "pure";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const problems = [];
let checked = 0;

for (const name of readdirSync(join(root, "nodes"), { recursive: true, encoding: "utf8" }))
  if (/\.(?:ts|js|mjs)$/.test(name)) checkFile(join("nodes", name));
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`Patterns: ${checked} regular expressions, all of them linear.`);

function checkFile(file) {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const visit = (node) => {
    const line = () => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    if (ts.isRegularExpressionLiteral(node)) {
      const [, pattern, flags] = /^\/(.*)\/(\w*)$/s.exec(node.text);
      const { status, complexity } = checkSync(pattern, flags);
      checked += 1;
      if (status !== "safe")
        problems.push(`${file}:${line()} ${node.text}: ${complexity?.summary ?? "cannot be judged"}`);
    } else if (ts.isNewExpression(node) && node.expression.getText() === "RegExp")
      problems.push(`${file}:${line()} a pattern made while running cannot be judged: search by hand`);
    ts.forEachChild(node, visit);
  };
  visit(source);
}
