// Preloaded into a Node-RED that is to die: `node --require killer.js`, with its orders as JSON in KILL.
//   {"afterMs": 400}                 at this moment, wherever the process is
//   {"call": "renameSync", "path": "/start/", "holds": "\"state\":\"sent\"", "nth": 1, "when": "before"}
//                                    at the nth call of a function of node:fs on a matching path, whose file
//                                    (for a rename: the one renamed) holds the text; before it, half-way
//                                    through it (writeSync) or after it
const fs = require("node:fs");
const { Worker } = require("node:worker_threads");

const order = process.env.KILL ? JSON.parse(process.env.KILL) : undefined;
const die = () => process.kill(process.pid, "SIGKILL");

if (order?.afterMs !== undefined) {
  // A thread of its own: the main one may be in the middle of anything.
  const source = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${order.afterMs});
    process.kill(${process.pid}, "SIGKILL");`;
  new Worker(source, { eval: true }).unref();
}

if (order?.call) {
  const paths = new Map();
  const { openSync, [order.call]: original, writeSync } = fs;
  let left = order.nth ?? 1;
  fs.openSync = (file, ...rest) => {
    const handle = openSync(file, ...rest);
    paths.set(handle, String(file));
    return handle;
  };
  fs[order.call] = (first, ...rest) => {
    const file = typeof first === "number" ? (paths.get(first) ?? "") : String(first);
    const isMeant =
      new RegExp(order.path).test(file) &&
      (!order.holds || fs.readFileSync(file, "utf8").includes(order.holds)) &&
      --left === 0;
    if (!isMeant) return original(first, ...rest);
    if (order.when === "after") original(first, ...rest);
    if (order.when === "half") writeSync(first, rest[0].subarray(0, rest[0].length >> 1));
    die();
  };
}
