// Preloaded into a Node-RED that is watched: `node --require freezes.js`. Each time in which the event loop gave nobody
// else a turn is written to the file FREEZES, one a line: its milliseconds, and how many of them this process worked. On
// a busy machine it waits for a processor as well.
const { appendFileSync } = require("node:fs");

const tickMs = 5;
const shortestMs = 20;
const worked = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let last = performance.now();
let before = worked();

setInterval(() => {
  const gap = performance.now() - last - tickMs;
  const work = Math.min(gap, worked() - before);
  if (gap >= shortestMs) appendFileSync(process.env.FREEZES, `${Math.round(gap)} ${Math.round(work)}\n`);
  last = performance.now();
  before = worked();
}, tickMs).unref();
