// `npm run check:scorecard`: full marks, or what is wrong. Needs a build.
import path from "node:path";
import { judge, thisPackage } from "./scorecard";

const subject = thisPackage(path.join(__dirname, ".."));
const wrong = judge(subject);
for (const problem of wrong) console.error(`Scorecard: ${problem}`);
if (wrong.length > 0) process.exit(1);
const nodes = Object.keys(subject.pages).length;
const dependencies = Object.keys(subject.manifest.dependencies ?? {}).length;
console.log(`Scorecard: full marks for ${nodes} nodes and ${dependencies} dependencies.`);
