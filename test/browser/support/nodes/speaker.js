// Loaded by a Node-RED as one more node: at `POST /speak` the nodes of its flow show whatever status and report whatever
// error or warning is asked for, through the code of the package that is installed there.
const path = require("node:path");

module.exports = (RED) => {
  const dist = path.join(RED.settings.userDir, "node_modules/@camera-flows/node-red-roboflow-video/dist");
  const { StatusLine } = require(path.join(dist, "runtime/status.js"));
  const { describeFailure, NodeFailure } = require(path.join(dist, "runtime/failure.js"));
  const { text } = require(path.join(dist, "runtime/text.js"));
  const { VideoError } = require(path.join(dist, "roboflow/index.js"));

  const show = ({ id, ends, key, values = {} }) => {
    const line = new StatusLine(RED, RED.nodes.getNode(id));
    // A time of day does not survive JSON.
    const filled = values.next ? { ...values, next: new Date(2026, 6, 13, ...values.next) } : values;
    if (ends === "badly") line.broken(key);
    else if (ends === "well") line.ended("a message", { done: key, values: filled });
    else line.working("a message", { key, values: filled });
  };
  const fail = ({ id, step, reason, circumstances, ...names }) => {
    const error = new VideoError("INPUT", reason, circumstances);
    RED.nodes
      .getNode(id)
      .error(new NodeFailure(describeFailure(RED, step, error, { secrets: [], ...names })), {
        _msgid: reason,
      });
  };
  const warn = ({ id, key, values }) => RED.nodes.getNode(id).warn(text(RED, `warnings.${key}`, values));

  RED.nodes.registerType("speaker", function speaker(config) {
    RED.nodes.createNode(this, config);
  });
  RED.httpAdmin.post("/speak", (request, response) => {
    const { statuses = [], errors = [], warnings = [] } = request.body;
    statuses.forEach(show);
    errors.forEach(fail);
    warnings.forEach(warn);
    response.json({});
  });
};
