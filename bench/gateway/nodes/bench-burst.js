// Gives many messages to the node `msg.to` in one turn of the event loop, as a loop in a function node may: `count` times each
// `message` of `msg.parts`, with its number in place of every "#".
module.exports = (RED) => {
  RED.nodes.registerType("bench-burst", function Burst(saved) {
    RED.nodes.createNode(this, saved);
    this.on("input", ({ to, parts }, _send, done) => {
      const made = parts.flatMap(({ count, message }) => {
        const text = JSON.stringify(message);
        return Array.from({ length: count }, (_, number) => JSON.parse(text.replaceAll("#", number)));
      });
      const target = RED.nodes.getNode(to);
      globalThis.bench.begin();
      for (const message of made) target.receive(message);
      done();
    });
  });
};
