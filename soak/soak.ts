// `npm run soak -- --minutes N`: clips at a steady rate, with faults, deploys and kills; at the end, memory, open files and
// disk are as at the start. Reads /proc, so Linux only.
import { parseArgs } from "node:util";
import { soak } from "./run";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "1" },
  },
});
const [minutes, rate] = [Number(values.minutes), Number(values.rate)];
if (!(minutes > 0 && rate > 0)) {
  console.error("npm run soak -- [--minutes N] [--rate CLIPS-A-SECOND]");
  process.exit(2);
}
soak({ minutes, rate, tell: (line) => console.log(line) }).then(
  (problems) => {
    for (const problem of problems) console.error(problem);
    console.log(problems.length === 0 ? "At the end as at the start." : `${problems.length} problems.`);
    process.exitCode = problems.length === 0 ? 0 : 1;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
