// Runs inside the demo's Node-RED, as a plugin: writes down what our nodes take, send and finish, one JSON line each,
// so that the flow in the editor holds nothing but the example.
const { appendFileSync } = require("node:fs");

const ours = /^roboflow-video-(upload|start|poll|download)$/;

module.exports = (RED) => {
  const file = process.env.ROBOFLOW_DEMO_EVENTS;
  const write = (event) => appendFileSync(file, `${JSON.stringify({ at: Date.now(), ...event })}\n`);
  const stepOf = (node) => ours.exec(node?.type ?? "")?.[1];

  const downloaded = (payload) =>
    typeof payload?.class === "string" ? { kind: "event", event: payload } : { kind: "frame" };

  RED.hooks.add("onReceive.roboflow-demo", ({ msg, destination }) => {
    const step = stepOf(destination?.node);
    if (step === "upload") write({ kind: "taken", from: String(msg.payload) });
  });

  RED.hooks.add("onSend.roboflow-demo", (events) => {
    // Several wires of one output carry the same message: told once.
    for (const msg of new Set(events.map((event) => event.msg))) {
      const { source } = events.find((event) => event.msg === msg);
      const step = stepOf(source.node);
      const clip = msg?.roboflow?.id;
      if (!step || !clip) continue;
      if (step === "download") write({ clip, ...downloaded(msg.payload) });
      else {
        write({
          kind: step === "poll" && source.port === 1 ? "running" : step,
          clip,
          roboflow: msg.roboflow,
          downloads: events.filter(
            ({ destination }) => stepOf(RED.nodes.getNode(destination.id)) === "download",
          ).length,
        });
      }
    }
  });

  RED.hooks.add("onComplete.roboflow-demo", ({ msg, node, error }) => {
    const step = stepOf(node?.node);
    if (!step) return;
    const clip = msg?.roboflow?.id;
    if (error) write({ kind: "failed", clip, step, code: error.code, message: error.message });
    else if (step === "download") write({ kind: "done", clip, roboflow: msg.roboflow });
  });
};
