// Preloaded into a Node-RED whose wall clock is set: `node --require wall-clock.js`. The file WALL_CLOCK holds how many
// milliseconds the clock is off; it is looked at again and again, so that a clock can jump while Node-RED runs.
const { readFileSync } = require("node:fs");

const RealDate = Date;
let off = 0;
const look = () => {
  off = Number(readFileSync(process.env.WALL_CLOCK, "utf8"));
};
look();
setInterval(look, 20).unref();

const now = () => RealDate.now() + off;
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, values, newTarget) =>
    Reflect.construct(target, values.length > 0 ? values : [now()], newTarget),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});
