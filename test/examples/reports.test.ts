import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { pressButton, withFolder, writeResult } from "../support/example";
import { until } from "../support/node-red";
import { openStage, sendsTheClip } from "./stage";

const stage = openStage();

describe("reports, imported and used", () => {
  it("CSV: a row an event by day, and in the night a count of the events of the day before", async () => {
    const odd = 'say "hi", you';
    const times = [0, 0.5, 1];
    stage.roboflow.set({
      resultFile: writeResult(path.join(stage.folder, "result.json"), [
        ...times.map((time) => ({ time, classes: [odd, "car", "car"] })),
        { time: 20, classes: ["car"] },
        { time: 30, classes: [] },
        // What a spreadsheet would take for a formula.
        { time: 40, classes: ['=HYPERLINK("http://x")'] },
      ]),
    });
    const reports = path.join(stage.folder, "reports");
    const flow = await stage.run(
      "csv-report",
      (node) => sendsTheClip(node) ?? withFolder(node, "/home/pi/reports", reports),
    );
    const read = (name: string) => {
      const file = path.join(reports, name);
      return existsSync(file) ? readFileSync(file, "utf8") : "";
    };
    const dayOf = (date: Date) =>
      [date.getFullYear(), date.getMonth() + 1, date.getDate()]
        .map((part) => String(part).padStart(2, "0"))
        .join("-");
    const send = async (rows: number) => {
      await pressButton(flow, "csv-report", "send a clip");
      const written = () =>
        readdirSync(stage.folder).includes("reports") &&
        readdirSync(reports)
          .filter((name) => name.startsWith("events-"))
          .map(read)
          .join("");
      await until(
        () => String(written()).split("\n").length - 1 === rows,
        30_000,
        () =>
          JSON.stringify([
            written(),
            flow.records().map(({ name, msg }) => [name, msg.error ?? msg.payload]),
          ]),
      );
    };
    await pressButton(flow, "csv-report", "at 0:30");
    const [quiet] = await flow.recorded("report", 1);
    assert.equal(quiet?.msg.payload, "no events");

    await send(4);
    const [name = ""] = readdirSync(reports);
    const day = name.slice("events-".length, -".csv".length);
    assert.ok([dayOf(new Date()), dayOf(new Date(Date.now() - 60_000))].includes(day), day);
    const lines = read(name).trimEnd().split("\n");
    const rows = lines.map((line) => {
      const [stamp = "", ...rest] = line.split(/,(?=yard\.mp4)/);
      assert.match(stamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      return rest.join().replace(/,[\w-]{36}$/, "");
    });
    assert.deepEqual(rows, [
      "yard.mp4,car,0,1,2,0.9",
      'yard.mp4,"say ""hi"", you",0,1,1,0.9',
      "yard.mp4,car,20,0,1,0.9",
      `yard.mp4,"'=HYPERLINK(""http://x"")",40,0,1,0.9`,
    ]);
    await send(8);

    // The night comes; and some rows stand there twice, as after a restart.
    const yesterday = dayOf(new Date(Date.now() - 24 * 3_600_000));
    const both = read(name);
    writeFileSync(
      path.join(reports, `events-${yesterday}.csv`),
      both + both.split("\n").slice(0, 3).join("\n"),
    );
    await pressButton(flow, "csv-report", "at 0:30");
    const [, report] = await flow.recorded("report", 2);
    const counted = report?.msg.payload as string;
    assert.deepEqual(
      counted.split("\n").sort(),
      [`2 × '=HYPERLINK("http://x")`, `2 × ${odd}`, "4 × car"].sort(),
    );
    await until(
      () => read(`report-${yesterday}.txt`) === `${counted}\n`,
      10_000,
      () => read(`report-${yesterday}.txt`),
    );
    assert.equal(flow.records("what went wrong").length, 0);
  });
});
