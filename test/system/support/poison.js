// Preloaded into a Node-RED that a certain file is poison to: `node --require poison.js`, with {"name", "end", "mark"}
// as JSON in POISON. Whoever opens a file whose path holds the name ends the process: by "kill", as the kernel does
// when memory runs out; by "throw", an exception that nobody catches; or by "freeze", until somebody kills it. Each
// time, a line goes to the file `mark`.
const fs = require("node:fs");

const { name, end, mark } = JSON.parse(process.env.POISON);
const ends = {
  kill: () => process.kill(process.pid, "SIGKILL"),
  throw: () =>
    process.nextTick(() => {
      throw new Error("poisoned");
    }),
  freeze: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
};

for (const call of ["open", "stat"]) {
  const original = fs.promises[call];
  fs.promises[call] = (file, ...rest) => {
    if (String(file).includes(name)) {
      fs.appendFileSync(mark, `${call}\n`);
      ends[end]();
    }
    return original(file, ...rest);
  };
}
