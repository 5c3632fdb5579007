// `npm run check:live -- --key …`: the smallest possible job on Roboflow's own server, and a report without any secret
// that answers what docs/api.md marks as unknown.
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { type AvailableModel, Network, RoboflowClient, VideoError } from "../nodes/roboflow";
import { type LiveArguments, readArguments, usage, WrongArgument } from "./arguments";
import { type JobModel, Questions } from "./questions";
import { Report } from "./report";

const clip = path.join(__dirname, "one-second.mp4");

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const report = new Report(options.key);
  const model = await chooseModel(options, report);
  console.error(`This runs one job at ${new URL(options.baseUrl).host}: a clip of 1 second at 1 frame per second, with the model
${model.id}/${model.version}. Roboflow charges for it as for any processed video; what that is in credits stands
on your workspace's usage page. The other requests, about 20, upload the clip twice and are refused on purpose.`);
  if (!options.yes && !(await agrees())) {
    console.error("Nothing was started.");
    return 2;
  }
  const questions = new Questions(options, report, (text) => console.error(text));
  const isWhole = await questions.ask(model, readFileSync(clip)).catch((error) => {
    report.add("What went wrong?", wordsOf(error));
    return false;
  });
  console.log(report.toString());
  if (!isWhole) console.error("The report is not complete: the job did not come to a result.");
  return isWhole ? 0 : 1;
}

/** Finds the model of the job in the key's workspace; the names of both are not shown in the report. */
async function chooseModel({ baseUrl, key, model }: LiveArguments, report: Report): Promise<JobModel> {
  const network = new Network();
  try {
    const client = new RoboflowClient(baseUrl, key, network);
    const signal = AbortSignal.timeout(60_000);
    const { slug, name } = await client.workspace({ signal });
    report.hide(slug, "workspace");
    report.hide(name, "workspace");
    const { models } = await client.models({ signal });
    const named = ({ modelId, modelVersion }: AvailableModel) => `${modelId}/${modelVersion}`;
    const found = models.find((available) =>
      model ? named(available) === model : available.inferenceType === "object-detection",
    );
    if (!found && !model)
      throw new WrongArgument(
        "The workspace has no object detection model: name one with --model PROJECT/4.",
      );
    const [id = "", version = ""] = (found ? named(found) : model).split("/");
    report.hide(id, "project");
    return { id, version, inferenceType: found?.inferenceType ?? "object-detection" };
  } finally {
    network.close();
  }
}

async function agrees(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.error("Nobody can be asked here: add --yes to start.");
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question("Start? (yes/no) ");
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** An error's words; those of a request hold no key. */
const wordsOf = (error: unknown): string => {
  const { code, reason, statusCode, serverWords, message } = error as Partial<VideoError>;
  if (!(error instanceof VideoError)) return String(message);
  return [code, reason, statusCode && `HTTP ${statusCode}`, serverWords].filter(Boolean).join(", ");
};

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    console.error(error instanceof WrongArgument ? `${error.message}\n${usage}` : wordsOf(error));
    process.exitCode = 2;
  },
);
