import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { hostileResults } from "../support/hostile-results";
import { serve } from "../support/local-server";
import { catchNodes, type FlowNode, injectNodes, NodeRed, recordNode, until } from "../support/node-red";
import { fewerNodes, newUserDir } from "../support/pipeline";

const outputs = ["results", "frames"];
const megabyte = 1_000_000;

/**
 * On SIGWINCH, Node-RED writes down the longest that nothing else ran since the last time, as far as it had a processor,
 * and the most memory it had; and what it has now that garbage is collected.
 */
const settings = (userDir: string) => `${fewerNodes}
  ...(() => {
    const now = () => ({ time: performance.now(), work: process.cpuUsage() });
    let last = now();
    let freeze = 0;
    let memory = 0;
    setInterval(() => {
      const next = now();
      const work = (next.work.user + next.work.system - last.work.user - last.work.system) / 1000;
      freeze = Math.max(freeze, Math.min(next.time - last.time, work));
      memory = Math.max(memory, process.memoryUsage.rss());
      last = next;
    }, 5).unref();
    process.on("SIGWINCH", () => {
      global.gc();
      const file = ${JSON.stringify(path.join(userDir, "measure.json"))};
      fs.writeFileSync(file + ".tmp", JSON.stringify({ freeze, memory, idle: process.memoryUsage.rss() }));
      fs.renameSync(file + ".tmp", file);
      freeze = 0;
      memory = 0;
    });
    return {};
  })(),`;

/** A download node for each output; what comes out is recorded without its payload, which is large. */
const flows: FlowNode[] = [
  { id: "tab", type: "tab", label: "Results" },
  ...catchNodes(),
  recordNode("out"),
  {
    id: "light",
    type: "function",
    z: "tab",
    func: `return { roboflow: { id: msg.roboflow.id } };`,
    outputs: 1,
    libs: [],
    wires: [["record-out"]],
  },
  ...outputs.flatMap((output) => [
    ...injectNodes(output, [output]),
    { id: output, type: "roboflow-video-download", z: "tab", output, wires: [["light"]] },
  ]),
];

test("a small result made to hurt neither blocks Node-RED nor takes its memory", {
  skip: process.platform !== "linux" && "sends SIGWINCH",
}, async (t) => {
  let body = "";
  const server = await serve(t, (_, response) => response.end(body));
  const userDir = newUserDir();
  t.after(() => rmSync(userDir, { recursive: true, force: true }));
  const nodeRed = await NodeRed.start({
    userDir,
    flows,
    settings: settings(userDir),
    nodeOptions: ["--expose-gc"],
  });
  t.after(() => nodeRed.stop());
  const measure = async () => {
    const file = path.join(userDir, "measure.json");
    rmSync(file, { force: true });
    process.kill(nodeRed.pid, "SIGWINCH");
    await until(
      () => existsSync(file),
      60_000,
      () => "the measure",
    );
    return JSON.parse(readFileSync(file, "utf8")) as Record<"freeze" | "memory" | "idle", number>;
  };
  const outcomesOf = (id: string) => nodeRed.records().filter(({ msg }) => msg.roboflow?.id === id);

  /** Has one result downloaded by a node. */
  const download = async (output: string, id: string) => {
    const { idle } = await measure();
    await nodeRed.inject(output, {
      payload: { output_signed_url: `${server.url}/result` },
      roboflow: { id },
    });
    await until(
      () => outcomesOf(id).length > 0,
      120_000,
      () => `an outcome of ${id}\n${nodeRed.output.slice(-2000)}`,
    );
    const { freeze, memory } = await measure();
    return { freeze, memory: memory - idle };
  };

  body = '{"frame_offset":[0],"time_offset":[0],"m":[null]}';
  for (const output of outputs) await download(output, `warm-${output}`);
  const { idle } = await measure();

  for (const { what, make, reason } of hostileResults)
    for (const output of outputs)
      await t.test(`${output}, ${what}`, async () => {
        body = make();
        const id = `${output} ${what}`;
        const { freeze, memory } = await download(output, id);
        const [outcome] = outcomesOf(id);
        assert.equal(outcome?.name, reason ? "caught" : "out", JSON.stringify(outcome?.msg.error));
        if (reason) {
          assert.equal(outcome?.msg.error.code, "RESULT");
          assert.match(outcome?.msg.error.message, /set "Output" to "File"/);
        }
        t.diagnostic(`${id}: ${freeze.toFixed(0)} ms, ${(memory / megabyte).toFixed(0)} MB`);
        assert.ok(freeze < 1000, `everything stood for ${freeze} ms`);
        assert.ok(memory < 200 * megabyte, `${memory} bytes more`);
      });
  const left = (await measure()).idle - idle;
  assert.ok(left < 200 * megabyte, `${left} bytes more when all is over`);
});
