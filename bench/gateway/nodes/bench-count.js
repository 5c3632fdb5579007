// Counts what comes and keeps nothing. Not a function node: each message through one leaves some hundred bytes in the
// old part of V8's heap, which would be measured as if a download had needed them.
module.exports = (RED) => {
  RED.nodes.registerType("bench-count", function Count(saved) {
    RED.nodes.createNode(this, saved);
    this.on("input", ({ parts }, _send, done) => {
      globalThis.bench.frame(parts);
      done();
    });
  });
};
