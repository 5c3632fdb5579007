import assert from "node:assert/strict";
import { test } from "node:test";
import helper from "node-red-node-test-helper";
import { box, downloader, seen } from "../support/downloads";
import type { Msg } from "../support/messages";

const core = (file: string): ((RED: unknown) => void) => require(`@node-red/nodes/core/function/${file}`);
const types = [core("10-switch.js"), core("89-delay.js")];

const count = 3000;
const column = <T>(value: (index: number) => T) => Array.from({ length: count }, (_, index) => value(index));
const many = {
  frame_offset: column((index) => index),
  time_offset: column((index) => index / 5),
  people: column(() => seen(box("person", 0.9))),
};

/** Core's switch node takes one message in each turn of the event loop; the delay node holds what it is given. */
const coreNodes = (z: string) => {
  const place = { z, x: 10, y: 10 };
  const rules = [{ t: "gte", v: "0", vt: "num" }];
  return [
    {
      ...place,
      id: "filter",
      type: "switch",
      property: "payload.frame",
      rules,
      outputs: 1,
      wires: [["behind"]],
    },
    { ...place, id: "behind", type: "helper" },
    {
      ...place,
      id: "hold",
      type: "delay",
      pauseType: "delay",
      timeout: "1",
      timeoutUnits: "hours",
      wires: [[]],
    },
  ];
};

for (const [name, downloads, delayed] of [
  ["of one download", 1, 0],
  ["of two downloads at once", 2, 0],
  ["of two downloads at once, beside 5,000 delayed messages,", 2, 5000],
] as const)
  test(`frames ${name} do not pile up in front of core's switch node`, async (t) => {
    const { node, payload } = await downloader(t, { output: "frames" }, many, {
      types,
      beside: (_, tab) => coreNodes(tab),
    });
    for (let held = 0; held < delayed; held += 1) helper.getNode("hold").receive({ payload: held });
    let given = 0;
    let taken = 0;
    let most = 0;
    helper.getNode(node.outputIds[0] as string).on("input", (msg: Msg) => {
      given += 1;
      most = Math.max(most, given - taken);
      helper.getNode("filter").receive(msg);
    });
    helper.getNode("behind").on("input", () => {
      taken += 1;
    });
    const sent = Array.from({ length: downloads }, () => node.send({ payload }));
    for (const { completed } of await Promise.all(sent)) assert.ok(completed);
    assert.equal(taken, downloads * count);
    assert.ok(most <= 32, `${most} frames waited`);
  });
