// Preloaded into the Node-RED that is measured; what it offers stands in the flows as global "bench".
// Every 5 ms it looks whether the event loop is late: the longest gap is the freeze that other flows felt. Only while
// something is measured, since looking costs processor time itself.
const { appendFileSync, readFileSync } = require("node:fs");

const tick = 5;
const file = process.env.BENCH_PROBE;
let lastTick = performance.now();
let freeze = 0;
let freezeWork = 0;
let workedAtTick = 0;
let began = 0;
let outcomes = 0;
let cpu = process.cpuUsage();
let ticking;

/** Milliseconds of processor time that the thread of the event loop has had. */
function threadTime() {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[0]) / 1e6;
  } catch {
    return process.cpuUsage().user / 1000;
  }
}

function look() {
  const now = performance.now();
  const worked = threadTime();
  const gap = now - lastTick - tick;
  freeze = Math.max(freeze, gap);
  freezeWork = Math.max(freezeWork, Math.min(gap, worked - workedAtTick));
  lastTick = now;
  workedAtTick = worked;
}

function tell(more) {
  look();
  clearInterval(ticking);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (lastTick - began) / 1000;
  const told = { seconds, freeze, freezeWork, cpuSeconds: (user + system) / 1e6, outcomes, ...more };
  appendFileSync(file, `${JSON.stringify(told)}\n`);
}

globalThis.bench = {
  /** A message is about to go to the nodes that are measured. */
  begin() {
    freeze = 0;
    freezeWork = 0;
    outcomes = 0;
    lastTick = began = performance.now();
    workedAtTick = threadTime();
    cpu = process.cpuUsage();
    clearInterval(ticking);
    ticking = setInterval(look, tick).unref();
  },
  /** An outcome; the last of `expected` ends the measurement. */
  end(expected) {
    outcomes += 1;
    if (outcomes === expected) tell({});
  },
  /** A message of a sequence, as core's split node and our frames make them; the last one ends it. */
  frame({ index, count }) {
    outcomes += 1;
    if (count !== undefined && index === count - 1) tell({});
  },
  fail: ({ code, message }) => tell({ code, failure: message }),
};

const { BENCH_TAKEN_UP: takenUp, BENCH_UTIL: util } = process.env;
if (takenUp) noteTakenUp(Number(takenUp), require(util));

/** Times from the start of the flows until a node has been given `expected` messages. */
function noteTakenUp(expected, { events, hooks }) {
  events.on("flows:started", () => globalThis.bench.begin());
  hooks.add("onReceive.bench", ({ destination }) => {
    if (destination.node.type.startsWith("roboflow-video-")) globalThis.bench.end(expected);
  });
}
