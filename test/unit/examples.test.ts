import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { exampleNames, readExample } from "../support/example";
import {
  bodyOf,
  boxOf,
  doCross,
  isNear,
  labelOf,
  placedNodes,
  runsOver,
  wiresOf,
} from "../support/flow-layout";
import { flowNodeNames } from "../support/node-names";
import type { FlowNode } from "../support/node-red";

/** What a screen of 1280 px shows of a flow between the palette and the sidebar. */
const screen = { left: 20, right: 770 };
const mostNodes = 21;
/** A node without a name has its label in the editor's language. */
const languages = readdirSync(path.join(__dirname, "..", "..", "nodes", "locales"));

const ours = flowNodeNames.map((name) => `roboflow-video-${name}`);
const core = [
  "tab",
  "comment",
  "inject",
  "debug",
  "catch",
  "complete",
  "exec",
  "delay",
  "csv",
  "file",
  "file in",
  "http in",
  "http request",
  "http response",
  "json",
  "link in",
  "link out",
  "mqtt in",
  "mqtt out",
  "mqtt-broker",
  "split",
  "status",
  "subflow",
  "switch",
  "change",
  "template",
];

it("each of our nodes is shown in some example", () => {
  const used = new Set(exampleNames.flatMap((name) => readExample(name).map(({ type }) => type)));
  for (const type of ours) assert.ok(used.has(type), type);
});

/** What lies on one canvas: a tab's nodes, or a subflow's. */
function canvases(flow: FlowNode[]): FlowNode[][] {
  const sheets = flow.filter(({ type }) => type === "tab" || type === "subflow");
  return sheets.map(({ id }) => placedNodes(flow).filter(({ z }) => z === id));
}

/** What is reached from a node through wires, itself not counted, and not through nodes of the types in `closed`. */
function reachedFrom(node: FlowNode, flow: FlowNode[], closed: string[] = []): Set<FlowNode> {
  const reached = new Set<FlowNode>();
  const visit = (from: FlowNode) => {
    for (const id of ((from.wires as string[][] | undefined) ?? []).flat()) {
      const to = flow.find((other) => other.id === id);
      if (!to || reached.has(to) || closed.includes(to.type)) continue;
      reached.add(to);
      visit(to);
    }
  };
  visit(node);
  return reached;
}

for (const name of exampleNames)
  describe(`the example ${name}`, () => {
    const flow = readExample(name);

    it("is wired from core nodes and ours, without a script", () => {
      const own = flow.filter(({ type }) => type === "subflow").map(({ id }) => `subflow:${id}`);
      for (const { type } of flow)
        assert.ok([...core, ...ours, ...own, "roboflow-video-account"].includes(type), type);
      for (const canvas of canvases(flow)) {
        const working = canvas.filter(({ type }) => type !== "comment");
        assert.ok(working.length <= mostNodes, `${working.length} nodes`);
      }
    });

    for (const language of languages)
      it(`lies on a screen of 1280 px, and nothing covers anything, in ${language}`, () => {
        for (const canvas of canvases(flow)) {
          const box = (node: FlowNode) => boxOf(node, language);
          const label = (node: FlowNode) => labelOf(node, language);
          for (const node of canvas) {
            const { left, right } = box(node);
            assert.ok(left >= screen.left && right <= screen.right, `${label(node)}: ${left} to ${right}`);
          }
          for (const [index, node] of canvas.entries())
            for (const other of canvas.slice(0, index))
              assert.ok(!isNear(box(node), box(other), 4), `${label(node)} and ${label(other)}`);
        }
      });

    it("has wires that cross neither nodes nor each other", () => {
      for (const canvas of canvases(flow)) {
        const wires = wiresOf(canvas);
        const say = ({ from, output, to }: (typeof wires)[number]) =>
          `${labelOf(from)} [${output}] → ${labelOf(to)}`;
        for (const [index, wire] of wires.entries()) {
          for (const node of canvas)
            if (node !== wire.from && node !== wire.to)
              assert.ok(!runsOver(wire, bodyOf(node)), `${say(wire)} runs over ${labelOf(node)}`);
          for (const other of wires.slice(0, index))
            assert.ok(!doCross(wire, other), `${say(wire)} and ${say(other)} cross`);
        }
      }
    });

    it("leads every wire to a node, and holds no key", () => {
      const ids = new Set(flow.map(({ id }) => id));
      assert.equal(ids.size, flow.length);
      for (const { wires, credentials } of flow) {
        for (const target of ((wires as string[][] | undefined) ?? []).flat())
          assert.ok(ids.has(target), target);
        assert.equal(credentials, undefined);
      }
    });

    it("says in numbered comments what to change, from 1 on", () => {
      const numbers = flow
        .filter(({ type }) => type === "comment")
        .map((node) => /^(\d+)\. /.exec(labelOf(node))?.[1])
        .filter((number) => number !== undefined)
        .map(Number)
        .sort((one, other) => one - other);
      assert.deepEqual(
        numbers,
        Array.from(numbers, (_, index) => index + 1),
      );
      assert.ok(numbers.length > 0);
    });

    it("keeps its settings in nodes, not in the tab", () => {
      for (const { type, env } of flow) if (type === "tab") assert.deepEqual(env ?? [], []);
    });

    it("names every core node, so that no label depends on the language", () => {
      for (const node of placedNodes(flow)) assert.notEqual(labelOf(node), "", node.id);
    });

    it("tells an error as a sentence, and its handling cannot fail into itself", () => {
      const catches = flow.filter(({ type }) => type === "catch");
      assert.ok(catches.length > 0);
      for (const node of catches) {
        const handling = [...reachedFrom(node, flow)];
        for (const { type, complete } of handling)
          if (type === "debug") assert.match(String(complete), /^(error\.message|payload)$/);
        const scope = node.scope as string[] | null;
        // A debug node cannot fail; what has waited first is no loop that fills a log.
        const atOnce = [...reachedFrom(node, flow, ["delay"])].filter(({ type }) => type !== "debug");
        for (const handler of atOnce)
          assert.ok(scope && !scope.includes(handler.id), `${labelOf(node)}: ${labelOf(handler)}`);
      }
    });

    it("runs no command that a message could change into another", () => {
      for (const { type, useSpawn, addpay, command } of flow)
        if (type === "exec") {
          // With a shell, nothing of a message may be in it; without one, the program is the example's own.
          assert.ok(useSpawn === "true" || addpay === "", String(command));
          assert.notEqual(command, "");
        }
    });
  });
