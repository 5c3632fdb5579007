import type { FlowNode } from "../../demo/node-red";

export * from "../../demo/node-red";

/** Nodes that take a POST at `/feed/NAME`, answer it, and pass the body on as the message. */
export function injectNodes(name: string, to: string[], tab = "tab"): FlowNode[] {
  return [
    {
      id: `in-${name}`,
      type: "http in",
      z: tab,
      url: `/feed/${name}`,
      method: "post",
      upload: false,
      wires: [[`made-${name}`]],
    },
    {
      id: `made-${name}`,
      type: "function",
      z: tab,
      // A Buffer travels as {$buffer: base64}.
      func: `const body = msg.payload; const made = {};
for (const [key, value] of Object.entries(body)) made[key] = value && value.$buffer !== undefined ? Buffer.from(value.$buffer, "base64") : value;
return [made, { req: msg.req, res: msg.res, payload: "ok" }];`,
      outputs: 2,
      libs: [],
      wires: [to, [`answer-${name}`]],
    },
    { id: `answer-${name}`, type: "http response", z: tab, wires: [] },
  ];
}

/** A function node that records every message it gets under its name. */
export const recordNode = (name: string, tab = "tab"): FlowNode => ({
  id: `record-${name}`,
  type: "function",
  z: tab,
  func: `global.get("record")(${JSON.stringify(name)}, msg);`,
  outputs: 0,
  libs: [],
  wires: [],
});

/** A Catch node for the whole tab that records what it gets as `caught`. */
export const catchNodes = (tab = "tab"): FlowNode[] => [
  { id: "catch", type: "catch", z: tab, scope: null, uncaught: false, wires: [["record-caught"]] },
  recordNode("caught", tab),
];
